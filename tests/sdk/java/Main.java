import java.io.File;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import mandate.ApiClient;
import mandate.ApiException;
import mandate.api.AttachmentsApi;
import mandate.api.ContactsApi;
import mandate.api.MessagesApi;
import mandate.api.PartnerGrantsApi;
import mandate.api.ServiceRequestsApi;
import mandate.api.SessionsApi;
import mandate.model.*;

/** The main job with the client of openapi-generator's `java`, library `native`. */
public final class Main {
    static final String URL = System.getenv().getOrDefault("MANDATE_URL", "http://127.0.0.1:8080");
    static final String PASSWORD = System.getenv().getOrDefault("MANDATE_PASSWORD", "correct horse battery");
    /** Acme's primary support contact. */
    static final String ANA = "ana.brooks@acme.example";
    /** Of Globex, a partner of Acme's. */
    static final String MEI = "mei.wong@globex.example";
    static final String EMAIL = "sdk-" + UUID.randomUUID() + "@acme.example";

    interface Call {
        void run() throws ApiException;
    }

    static void step(String words) {
        System.out.println("  " + words);
    }

    static void expect(boolean holds, Object words) {
        if (!holds) {
            throw new IllegalStateException("not as expected: " + words);
        }
    }

    /** The problem that a call answers, of this status and code. */
    static Problem bad(int status, String code, Call call) throws Exception {
        try {
            call.run();
        } catch (ApiException error) {
            expect(error.getCode() == status, error.getCode() + " " + error.getResponseBody());
            Problem problem = ApiClient.createDefaultObjectMapper().readValue(error.getResponseBody(), Problem.class);
            expect(problem.getCode().equals(code), error.getResponseBody());
            expect(error.getResponseHeaders().firstValue("content-type").orElse("").equals("application/problem+json"),
                "an error that is no problem");
            expect(error.getResponseHeaders().firstValue("x-request-id").orElse("").equals(problem.getRequestId()),
                "another request id in the problem than in the header");
            return problem;
        }
        throw new IllegalStateException("not as expected: success, not " + status + " " + code);
    }

    static ApiClient client(String token) {
        ApiClient client = new ApiClient();
        client.updateBaseUri(URL);
        if (token != null) {
            client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
        }
        return client;
    }

    static SessionTokensView signIn(String email) throws ApiException {
        return new SessionsApi(client(null)).createSession(new CreateSessionBody().email(email).password(PASSWORD));
    }

    static CreateContactBody contact(String firstName, String lastName, String phone) {
        return new CreateContactBody().email(EMAIL).firstName(firstName).lastName(lastName).phone(phone)
            .permission(CreateContactBody.PermissionEnum.DESIGNATED_SUPPORT);
    }

    public static void main(String[] arguments) throws Exception {
        SessionsApi anonymous = new SessionsApi(client(null));
        bad(401, "invalid_credentials",
            () -> anonymous.createSession(new CreateSessionBody().email(ANA).password("not this one")));
        SessionTokensView anaTokens = signIn(ANA);
        SessionTokensView meiTokens = signIn(MEI);
        ApiClient ana = client(anaTokens.getAccessToken());
        ApiClient mei = client(meiTokens.getAccessToken());
        String acme = anaTokens.getPrincipal().getOrganizationId();
        String meiId = meiTokens.getPrincipal().getId();
        step("signed in as " + anaTokens.getPrincipal().getName() + " and " + meiTokens.getPrincipal().getName()
            + "; another password is refused");

        ContactsApi contacts = new ContactsApi(ana);
        Problem problem = bad(422, "validation_failed",
            () -> contacts.createContact(acme, contact("4", "Hill", "650-555"), null));
        Set<String> pointers = problem.getErrors().stream().map(FieldProblem::getPointer).collect(Collectors.toCollection(TreeSet::new));
        expect(pointers.equals(Set.of("#/first_name", "#/phone")), problem);
        step("a contact with mistakes is refused: " + problem.getErrors().stream()
            .map(error -> error.getPointer() + " " + error.getMessage()).collect(Collectors.joining("; ")));

        String key = UUID.randomUUID().toString();
        String phone = "+1.650.555.0100";
        ContactView made = contacts.createContact(acme, contact("Zoe", "Hill", phone), key);
        var again = contacts.createContactWithHttpInfo(acme, contact("Zoe", "Hill", phone), key);
        expect(again.getData().getId().equals(made.getId()), "the repeat made another contact");
        expect(again.getHeaders().getOrDefault("idempotent-replayed", List.of()).equals(List.of("true")), "the repeat does not say so");
        bad(422, "idempotency_key_reused", () -> contacts.createContact(acme, contact("Zoe", "Hall", phone), key));
        step("created " + made.getId() + "; the repeat with the same key answers the same, with another body it is refused");

        PartnerGrantsApi grants = new PartnerGrantsApi(ana);
        GranteeBody grantee = new GranteeBody().type(GranteeBody.TypeEnum.CONTACT).id(meiId);
        PartnerGrantView grant = grants.createPartnerGrant(acme,
            new CreatePartnerGrantBody().grantee(grantee).level(CreatePartnerGrantBody.LevelEnum.CREATE), null);
        expect(grant.getLevel().equals("create") && grant.getGrantee().getId().equals(meiId), grant);
        step("granted " + grant.getLevel() + " to " + meiTokens.getPrincipal().getName());

        ServiceRequestView request = new ServiceRequestsApi(mei).createServiceRequest(new CreateServiceRequestBody()
            .organizationId(acme).subject("Label printer offline").severity(3).message("Since noon.")
            .category(CreateServiceRequestBody.CategoryEnum.INCIDENT), null);
        expect(request.getSubmittedFor().getId().equals(acme), "not submitted for the customer");
        step("created " + request.getNumber() + " for " + request.getOrganization().getName());

        byte[] bytes = new byte[512];
        for (int index = 0; index < bytes.length; index++) {
            bytes[index] = (byte) index;
        }
        File file = File.createTempFile("printer", ".bin");
        file.deleteOnExit();
        Files.write(file.toPath(), bytes);
        // Left to itself the client sends the name of the file as JSON.
        ApiClient uploads = client(null);
        uploads.setRequestInterceptor(upload -> {
            upload.header("Authorization", "Bearer " + meiTokens.getAccessToken());
            upload.POST(HttpRequest.BodyPublishers.ofByteArray(bytes));
        });
        AttachmentView attachment = new AttachmentsApi(uploads).uploadAttachment(
            request.getId(), "attachment; filename=\"printer.bin\"", file, null, null);
        new MessagesApi(mei).createMessage(request.getId(),
            new CreateMessageBody().body("Its memory.").attachmentIds(List.of(attachment.getId())), null);
        File content = new AttachmentsApi(ana).getAttachmentContent(attachment.getId(), null, null, null);
        content.deleteOnExit();
        expect(java.util.Arrays.equals(Files.readAllBytes(content.toPath()), bytes), "other bytes came back");
        expect(attachment.getSize() == bytes.length, attachment.getSize() + " bytes arrived");
        step("uploaded " + attachment.getSize() + " bytes, and downloaded the same");

        Set<String> seen = new HashSet<>();
        int pages = 0;
        String cursor = null;
        do {
            ServiceRequestPage page = new ServiceRequestsApi(ana).listServiceRequests(List.of(acme), null,
                List.of("open", "solved", "closed"), null, null, null, null, null, null, null, null, null, 5, cursor);
            for (ServiceRequestView found : page.getData()) {
                expect(seen.add(found.getId()), found.getId() + " twice");
            }
            cursor = page.getNextCursor();
            pages++;
        } while (cursor != null);
        expect(pages > 1 && seen.contains(request.getId()), pages + " pages");
        step("paged through " + seen.size() + " requests on " + pages + " pages");

        ContactView renamed = contacts.updateContact(made.getId(), new PatchContactBody().lastName("Hall"), null);
        expect(renamed.getLastName().equals("Hall") && phone.equals(renamed.getPhone()), "an absent member was changed");
        ContactView cleared = contacts.updateContact(made.getId(), new PatchContactBody().phone(null), null);
        expect(cleared.getLastName().equals("Hall") && cleared.getPhone() == null, "null did not clear");
        step("patched: absent leaves alone, null clears");

        PatchContactBody patch = new PatchContactBody().lastName("Hull");
        Problem conflict = bad(412, "version_mismatch",
            () -> contacts.updateContact(made.getId(), patch, "\"" + made.getVersion() + "\""));
        expect(conflict.getCurrentVersion().equals(cleared.getVersion()), conflict);
        contacts.updateContact(made.getId(), patch, "\"" + conflict.getCurrentVersion() + "\"");
        step("an old version is refused with 412, version " + conflict.getCurrentVersion() + " is not");

        grants.revokePartnerGrant(grant.getId(), new RevokeBody().reason("done"), null, null);
        step("revoked the grant");
    }
}
