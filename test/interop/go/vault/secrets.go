package main

import (
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

func secrets(s scene) any {
	ctx := s.ctx
	client := must(azsecrets.NewClient(s.vaultURL, s.credential, &azsecrets.ClientOptions{ClientOptions: s.options}))
	set := func(name, value string) (azsecrets.SetSecretResponse, error) {
		return client.SetSecret(ctx, name, azsecrets.SetSecretParameters{
			Value: to.Ptr(value), ContentType: to.Ptr("text/plain"), Tags: map[string]*string{"team": to.Ptr("shop")},
		}, nil)
	}
	get := func(version string) (azsecrets.GetSecretResponse, error) {
		return client.GetSecret(ctx, "db", version, nil)
	}
	update := func(version string, properties azsecrets.UpdateSecretPropertiesParameters) {
		must(client.UpdateSecretProperties(ctx, "db", version, properties, nil))
	}
	enable := func(isEnabled bool) {
		update("", azsecrets.UpdateSecretPropertiesParameters{
			SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(isEnabled)},
		})
	}

	result := map[string]any{}
	version := must(set("db", s.value)).ID.Version()
	result["version"] = version
	result["read"] = *must(get("")).Value == s.value
	update(version, azsecrets.UpdateSecretPropertiesParameters{ContentType: to.Ptr("text/html")})
	enable(false)
	result["disabled"] = statusOf(get(""))
	enable(true)
	must(set("db", "second"))
	first := must(get(version))
	result["contentTypeOfFirst"] = *first.ContentType
	result["tag"] = *first.Tags["team"]
	result["versions"] = len(namesOf(ctx, client.NewListSecretPropertiesVersionsPager("db", nil),
		func(page azsecrets.ListSecretPropertiesVersionsResponse) []string { return secretNames(page.Value) }))
	for index := range 30 {
		must(set(fmt.Sprintf("page-%d", index), "x"))
	}
	result["listed"] = len(namesOf(ctx, client.NewListSecretPropertiesPager(nil),
		func(page azsecrets.ListSecretPropertiesResponse) []string { return secretNames(page.Value) }))
	backup := must(client.BackupSecret(ctx, "db", nil)).Value
	must(client.DeleteSecret(ctx, "db", nil))
	result["afterDelete"] = statusOf(get(""))
	result["nameTaken"] = statusOf(set("db", "x"))
	result["deleted"] = namesOf(ctx, client.NewListDeletedSecretPropertiesPager(nil),
		func(page azsecrets.ListDeletedSecretPropertiesResponse) (names []string) {
			for _, each := range page.Value {
				names = append(names, each.ID.Name())
			}
			return names
		})
	must(client.RecoverDeletedSecret(ctx, "db", nil))
	result["recovered"] = *must(get("")).Value
	must(client.DeleteSecret(ctx, "db", nil))
	must(client.PurgeDeletedSecret(ctx, "db", nil))
	result["purged"] = statusOf(client.GetDeletedSecret(ctx, "db", nil))
	must(client.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: backup}, nil))
	result["restored"] = *must(get("")).Value
	return result
}

func secretNames(properties []*azsecrets.SecretProperties) (names []string) {
	for _, each := range properties {
		names = append(names, each.ID.Name())
	}
	return names
}
