package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
)

func certificates(s scene) any {
	ctx := s.ctx
	options := &azcertificates.ClientOptions{ClientOptions: s.options}
	client := must(azcertificates.NewClient(s.vaultURL, s.credential, options))
	get := func(name string) (azcertificates.GetCertificateResponse, error) {
		return client.GetCertificate(ctx, name, "", nil)
	}
	create := func() (azcertificates.CreateCertificateResponse, error) {
		parameters := azcertificates.CreateCertificateParameters{
			CertificatePolicy: selfSignedPolicy(6), Tags: map[string]*string{"team": to.Ptr("shop")},
		}
		return client.CreateCertificate(ctx, "web", parameters, nil)
	}

	result := map[string]any{}
	must(create())
	result["status"] = waitFor(ctx, client, "web")
	made := must(get("web"))
	leaf := must(x509.ParseCertificate(made.CER))
	result["subject"] = leaf.Subject.CommonName
	result["dnsNames"] = leaf.DNSNames
	result["selfSigned"] = leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
	result["tag"] = *made.Tags["team"]

	must(create())
	waitFor(ctx, client, "web")
	newest := must(get("web"))
	result["versions"] = len(namesOf(ctx, client.NewListCertificatePropertiesVersionsPager("web", nil),
		func(page azcertificates.ListCertificatePropertiesVersionsResponse) []string {
			return certificateNames(page.Value)
		}))
	must(client.UpdateCertificatePolicy(ctx, "web", *selfSignedPolicy(24), nil))
	policy := must(client.GetCertificatePolicy(ctx, "web", nil))
	result["months"] = *policy.X509CertificateProperties.ValidityInMonths
	updated := must(client.UpdateCertificate(ctx, "web", newest.ID.Version(), azcertificates.UpdateCertificateParameters{
		Tags: map[string]*string{"team": to.Ptr("pay")},
	}, nil))
	result["newTag"] = *updated.Tags["team"]

	file, der := ownCertificate()
	imported := must(client.ImportCertificate(ctx, "imported", azcertificates.ImportCertificateParameters{
		Base64EncodedCertificate: to.Ptr(file),
		CertificatePolicy: &azcertificates.CertificatePolicy{
			SecretProperties: &azcertificates.SecretProperties{ContentType: to.Ptr("application/x-pem-file")},
		},
	}, nil))
	result["imported"] = bytes.Equal(imported.CER, der)
	result["listed"] = namesOf(ctx, client.NewListCertificatePropertiesPager(nil),
		func(page azcertificates.ListCertificatePropertiesResponse) []string {
			return certificateNames(page.Value)
		})

	backup := must(client.BackupCertificate(ctx, "web", nil)).Value
	must(client.DeleteCertificate(ctx, "web", nil))
	result["afterDelete"] = statusOf(get("web"))
	result["nameTaken"] = statusOf(create())
	result["deleted"] = namesOf(ctx, client.NewListDeletedCertificatePropertiesPager(nil),
		func(page azcertificates.ListDeletedCertificatePropertiesResponse) (names []string) {
			for _, each := range page.Value {
				names = append(names, each.ID.Name())
			}
			return names
		})
	must(client.RecoverDeletedCertificate(ctx, "web", nil))
	result["recovered"] = bytes.Equal(must(get("web")).CER, newest.CER)
	must(client.DeleteCertificate(ctx, "web", nil))
	must(client.PurgeDeletedCertificate(ctx, "web", nil))
	result["purged"] = statusOf(client.GetDeletedCertificate(ctx, "web", nil))
	must(client.RestoreCertificate(ctx, azcertificates.RestoreCertificateParameters{CertificateBackup: backup}, nil))
	result["restored"] = bytes.Equal(must(get("web")).CER, newest.CER)
	return result
}

func selfSignedPolicy(months int32) *azcertificates.CertificatePolicy {
	return &azcertificates.CertificatePolicy{
		IssuerParameters: &azcertificates.IssuerParameters{Name: to.Ptr("Self")},
		KeyProperties: &azcertificates.KeyProperties{
			KeyType: to.Ptr(azcertificates.KeyTypeEC), Curve: to.Ptr(azcertificates.CurveNameP256),
		},
		X509CertificateProperties: &azcertificates.X509CertificateProperties{
			Subject: to.Ptr("CN=shop.example"),
			SubjectAlternativeNames: &azcertificates.SubjectAlternativeNames{
				DNSNames: []*string{to.Ptr("shop.example"), to.Ptr("www.shop.example")},
			},
			ValidityInMonths: to.Ptr(months),
		},
	}
}

// waitFor asks about a create until it has ended. The client for Go has no poller.
func waitFor(ctx context.Context, client *azcertificates.Client, name string) string {
	for {
		operation := must(client.GetCertificateOperation(ctx, name, nil))
		if *operation.Status != "inProgress" {
			return *operation.Status
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// ownCertificate is a key with its certificate as PEM, as Go writes them, and the certificate itself.
func ownCertificate() (string, []byte) {
	key := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(42),
		Subject:      pkix.Name{CommonName: "own.example"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	pkcs8 := must(x509.MarshalPKCS8PrivateKey(key))
	file := append(
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...,
	)
	return string(file), der
}

func certificateNames(properties []*azcertificates.CertificateProperties) (names []string) {
	for _, each := range properties {
		names = append(names, each.ID.Name())
	}
	return names
}
