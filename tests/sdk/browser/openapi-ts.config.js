// What the server refuses is thrown, so that a page can deal with it in one place.
export default {
  input: '../../../openapi.yaml',
  output: 'generated/mandate',
  plugins: [{ name: '@hey-api/client-fetch', throwOnError: true }, '@hey-api/sdk', '@hey-api/typescript'],
};
