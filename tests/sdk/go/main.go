// The main job with the client of openapi-generator's `go`.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mandate-sdk-test/generated/mandate"
)

// Acme's primary support contact.
const ana = "ana.brooks@acme.example"

// Of Globex, a partner of Acme's.
const mei = "mei.wong@globex.example"

func main() {
	if err := job(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func job() error {
	configuration := mandate.NewConfiguration()
	configuration.Servers = mandate.ServerConfigurations{{URL: variable("MANDATE_URL", "http://127.0.0.1:8080")}}
	client := mandate.NewAPIClient(configuration)
	anonymous := context.Background()

	wrong := mandate.NewCreateSessionBody(ana, "not this one")
	_, response, err := client.SessionsAPI.CreateSession(anonymous).CreateSessionBody(*wrong).Execute()
	if _, err := bad(response, err, 401, "invalid_credentials"); err != nil {
		return err
	}
	asAna, anaIs, err := signIn(client, ana)
	if err != nil {
		return err
	}
	asMei, meiIs, err := signIn(client, mei)
	if err != nil {
		return err
	}
	acme := anaIs.OrganizationId
	step("signed in as %s and %s; another password is refused", anaIs.Name, meiIs.Name)

	body := mandate.NewCreateContactBody("sdk-"+strings.ToLower(rand.Text())+"@acme.example", "4", "Hill", "designated_support")
	body.SetPhone("650-555")
	_, response, err = client.ContactsAPI.CreateContact(asAna, acme).CreateContactBody(*body).Execute()
	problem, err := bad(response, err, 422, "validation_failed")
	if err != nil {
		return err
	}
	var pointers, mistakes []string
	for _, mistake := range problem.Errors {
		pointers = append(pointers, mistake.GetPointer())
		mistakes = append(mistakes, mistake.GetPointer()+" "+mistake.Message)
	}
	slices.Sort(pointers)
	if !slices.Equal(pointers, []string{"#/first_name", "#/phone"}) {
		return fmt.Errorf("not as expected: errors at %v", pointers)
	}
	step("a contact with mistakes is refused: %s", strings.Join(mistakes, "; "))

	key := rand.Text()
	body.SetFirstName("Zoe")
	body.SetPhone("+1.650.555.0100")
	contact, _, err := client.ContactsAPI.CreateContact(asAna, acme).CreateContactBody(*body).IdempotencyKey(key).Execute()
	if err != nil {
		return err
	}
	again, response, err := client.ContactsAPI.CreateContact(asAna, acme).CreateContactBody(*body).IdempotencyKey(key).Execute()
	if err != nil {
		return err
	}
	if again.Id != contact.Id || response.Header.Get("Idempotent-Replayed") != "true" {
		return errors.New("not as expected: the repeat made another contact, or does not say so")
	}
	body.SetLastName("Hall")
	_, response, err = client.ContactsAPI.CreateContact(asAna, acme).CreateContactBody(*body).IdempotencyKey(key).Execute()
	if _, err := bad(response, err, 422, "idempotency_key_reused"); err != nil {
		return err
	}
	step("created %s; the repeat with the same key answers the same, with another body it is refused", contact.Id)

	grantee := mandate.NewGranteeBody("contact")
	grantee.SetId(meiIs.Id)
	toBe := mandate.NewCreatePartnerGrantBody(*grantee, "create")
	grant, _, err := client.PartnerGrantsAPI.CreatePartnerGrant(asAna, acme).CreatePartnerGrantBody(*toBe).Execute()
	if err != nil {
		return err
	}
	if grant.Level != "create" || grant.Grantee.Id != meiIs.Id || grant.ExpiresAt.Get() != nil {
		return fmt.Errorf("not as expected: %v", grant)
	}
	step("granted %s to %s", grant.Level, meiIs.Name)

	asked := mandate.NewCreateServiceRequestBody("incident", "Since noon.", 3, "Label printer offline")
	asked.SetOrganizationId(acme)
	request, _, err := client.ServiceRequestsAPI.CreateServiceRequest(asMei).CreateServiceRequestBody(*asked).Execute()
	if err != nil {
		return err
	}
	if submittedFor := request.SubmittedFor.Get(); submittedFor == nil || submittedFor.Id != acme {
		return errors.New("not as expected: not submitted for the customer")
	}
	step("created %s for %s", request.Number, request.Organization.Name)

	if err := files(client, asAna, asMei, request.Id); err != nil {
		return err
	}
	if err := pages(client, asAna, acme, request.Id); err != nil {
		return err
	}
	if err := patches(client, asAna, contact); err != nil {
		return err
	}

	reason := mandate.NewRevokeBody()
	reason.SetReason("done")
	if _, _, err := client.PartnerGrantsAPI.RevokePartnerGrant(asAna, grant.Id).RevokeBody(*reason).Execute(); err != nil {
		return err
	}
	step("revoked the grant")
	return nil
}

func files(client *mandate.APIClient, asAna, asMei context.Context, request string) error {
	content := make([]byte, 512)
	for index := range content {
		content[index] = byte(index)
	}
	folder, err := os.MkdirTemp("", "mandate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "printer.bin")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()

	attachment, _, err := client.AttachmentsAPI.UploadAttachment(asMei, request).
		ContentDisposition(`attachment; filename="printer.bin"`).Body(file).Execute()
	if err != nil {
		return err
	}
	message := mandate.NewCreateMessageBody("Its memory.")
	message.SetAttachmentIds([]string{attachment.Id})
	if _, _, err := client.MessagesAPI.CreateMessage(asMei, request).CreateMessageBody(*message).Execute(); err != nil {
		return err
	}
	download, _, err := client.AttachmentsAPI.GetAttachmentContent(asAna, attachment.Id).Execute()
	if err != nil {
		return err
	}
	defer os.Remove(download.Name())
	defer download.Close()
	came, err := io.ReadAll(download)
	if err != nil {
		return err
	}
	if !bytes.Equal(came, content) || attachment.Size != int64(len(content)) {
		return errors.New("not as expected: other bytes came back")
	}
	step("uploaded %d bytes, and downloaded the same", attachment.Size)
	return nil
}

func pages(client *mandate.APIClient, asAna context.Context, acme, request string) error {
	seen := map[string]bool{}
	list := client.ServiceRequestsAPI.ListServiceRequests(asAna).
		OrganizationId([]string{acme}).Status([]string{"open", "solved", "closed"}).Limit(5)
	for count := 1; ; count++ {
		page, _, err := list.Execute()
		if err != nil {
			return err
		}
		for _, found := range page.Data {
			if seen[found.Id] {
				return fmt.Errorf("not as expected: %s twice", found.Id)
			}
			seen[found.Id] = true
		}
		cursor := page.NextCursor.Get()
		if cursor == nil {
			if count < 2 || !seen[request] {
				return fmt.Errorf("not as expected: %d pages", count)
			}
			step("paged through %d requests on %d pages", len(seen), count)
			return nil
		}
		list = list.Cursor(*cursor)
	}
}

func patches(client *mandate.APIClient, asAna context.Context, contact *mandate.ContactView) error {
	rename := mandate.NewPatchContactBody()
	rename.SetLastName("Hall")
	renamed, _, err := client.ContactsAPI.UpdateContact(asAna, contact.Id).PatchContactBody(*rename).Execute()
	if err != nil {
		return err
	}
	if phone := renamed.Phone.Get(); renamed.LastName != "Hall" || phone == nil || *phone != "+1.650.555.0100" {
		return errors.New("not as expected: an absent member was changed")
	}
	clearing := mandate.NewPatchContactBody()
	clearing.SetPhoneNil()
	cleared, _, err := client.ContactsAPI.UpdateContact(asAna, contact.Id).PatchContactBody(*clearing).Execute()
	if err != nil {
		return err
	}
	if cleared.LastName != "Hall" || cleared.Phone.Get() != nil {
		return errors.New("not as expected: null did not clear")
	}
	step("patched: absent leaves alone, null clears")

	rename.SetLastName("Hull")
	update := client.ContactsAPI.UpdateContact(asAna, contact.Id).PatchContactBody(*rename)
	_, response, err := update.IfMatch(fmt.Sprintf(`"%d"`, contact.Version)).Execute()
	conflict, err := bad(response, err, 412, "version_mismatch")
	if err != nil {
		return err
	}
	if conflict.GetCurrentVersion() != cleared.Version {
		return fmt.Errorf("not as expected: version %d", conflict.GetCurrentVersion())
	}
	if _, _, err := update.IfMatch(fmt.Sprintf(`"%d"`, conflict.GetCurrentVersion())).Execute(); err != nil {
		return err
	}
	step("an old version is refused with 412, version %d is not", conflict.GetCurrentVersion())
	return nil
}

func signIn(client *mandate.APIClient, email string) (context.Context, mandate.PrincipalView, error) {
	body := mandate.NewCreateSessionBody(email, variable("MANDATE_PASSWORD", "correct horse battery"))
	tokens, _, err := client.SessionsAPI.CreateSession(context.Background()).CreateSessionBody(*body).Execute()
	if err != nil {
		return nil, mandate.PrincipalView{}, err
	}
	return context.WithValue(context.Background(), mandate.ContextAccessToken, tokens.AccessToken), tokens.Principal, nil
}

// The problem that a call answers, of this status and code.
func bad(response *http.Response, err error, status int, code string) (*mandate.Problem, error) {
	var refused *mandate.GenericOpenAPIError
	if !errors.As(err, &refused) {
		return nil, fmt.Errorf("not as expected: %v, not %d %s", err, status, code)
	}
	problem, ok := refused.Model().(mandate.Problem)
	if !ok || response.StatusCode != status || problem.Code != code {
		return nil, fmt.Errorf("not as expected: %s, not %d %s", refused.Body(), status, code)
	}
	if response.Header.Get("Content-Type") != "application/problem+json" || response.Header.Get("X-Request-Id") != problem.RequestId {
		return nil, errors.New("not as expected: an error that is no problem, or of another request")
	}
	return &problem, nil
}

func step(words string, values ...any) {
	fmt.Printf("  "+words+"\n", values...)
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
