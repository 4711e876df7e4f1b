package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
)

func keys(s scene) any {
	ctx := s.ctx
	client := must(azkeys.NewClient(s.vaultURL, s.credential, &azkeys.ClientOptions{ClientOptions: s.options}))
	create := func(name string, parameters azkeys.CreateKeyParameters) (azkeys.CreateKeyResponse, error) {
		return client.CreateKey(ctx, name, parameters, nil)
	}
	get := func(name string) (azkeys.GetKeyResponse, error) { return client.GetKey(ctx, name, "", nil) }
	plain := []byte("what is encrypted")
	digest := sha256.Sum256([]byte("what is signed"))
	other := sha256.Sum256([]byte("what is not signed"))

	result := map[string]any{}
	made := must(create("rsa", azkeys.CreateKeyParameters{
		Kty: to.Ptr(azkeys.KeyTypeRSA), KeySize: to.Ptr(int32(2048)), Tags: map[string]*string{"team": to.Ptr("shop")},
	})).Key
	curve := must(create("ec", azkeys.CreateKeyParameters{
		Kty: to.Ptr(azkeys.KeyTypeEC), Curve: to.Ptr(azkeys.CurveNameP256),
	})).Key
	result["sizeBits"] = 8 * len(made.N)
	result["curve"] = *curve.Crv

	own := must(rsa.GenerateKey(rand.Reader, 2048))
	imported := must(client.ImportKey(ctx, "imported", azkeys.ImportKeyParameters{Key: privateKey(own)}, nil)).Key
	result["imported"] = bytes.Equal(imported.N, own.N.Bytes()) && imported.D == nil

	sign := func(name string, algorithm azkeys.SignatureAlgorithm) []byte {
		return must(client.Sign(ctx, name, "", azkeys.SignParameters{Algorithm: &algorithm, Value: digest[:]}, nil)).Result
	}
	isSigned := func(name string, algorithm azkeys.SignatureAlgorithm, digest, signature []byte) bool {
		parameters := azkeys.VerifyParameters{Algorithm: &algorithm, Digest: digest, Signature: signature}
		return *must(client.Verify(ctx, name, "", parameters, nil)).Value
	}
	rs256, es256 := azkeys.SignatureAlgorithmRS256, azkeys.SignatureAlgorithmES256
	ofImported, ofCurve := sign("imported", rs256), sign("ec", es256)
	result["signed"] = isSigned("imported", rs256, digest[:], ofImported) && isSigned("ec", es256, digest[:], ofCurve) &&
		rsa.VerifyPKCS1v15(&own.PublicKey, crypto.SHA256, digest[:], ofImported) == nil
	result["forged"] = isSigned("imported", rs256, other[:], ofImported) || isSigned("ec", es256, other[:], ofCurve)

	operation := func(algorithm azkeys.EncryptionAlgorithm, value []byte) azkeys.KeyOperationParameters {
		return azkeys.KeyOperationParameters{Algorithm: &algorithm, Value: value}
	}
	oaep, oaep256 := azkeys.EncryptionAlgorithmRSAOAEP, azkeys.EncryptionAlgorithmRSAOAEP256
	encrypted := must(client.Encrypt(ctx, "rsa", "", operation(oaep256, plain), nil)).Result
	decrypted := must(client.Decrypt(ctx, "rsa", "", operation(oaep256, encrypted), nil)).Result
	result["decrypted"] = bytes.Equal(decrypted, plain) && !bytes.Equal(encrypted, plain)
	wrapped := must(client.WrapKey(ctx, "rsa", "", operation(oaep, plain), nil)).Result
	result["unwrapped"] = bytes.Equal(must(client.UnwrapKey(ctx, "rsa", "", operation(oaep, wrapped), nil)).Result, plain)

	rotated := must(client.RotateKey(ctx, "rsa", nil))
	result["rotated"] = rotated.Key.KID.Version() != made.KID.Version() && *rotated.Tags["team"] == "shop"
	result["versions"] = len(namesOf(ctx, client.NewListKeyPropertiesVersionsPager("rsa", nil),
		func(page azkeys.ListKeyPropertiesVersionsResponse) []string { return keyNames(page.Value) }))
	must(client.UpdateKeyRotationPolicy(ctx, "rsa", azkeys.KeyRotationPolicy{
		Attributes: &azkeys.KeyRotationPolicyAttributes{ExpiryTime: to.Ptr("P90D")},
		LifetimeActions: []*azkeys.LifetimeAction{{
			Action:  &azkeys.LifetimeActionType{Type: to.Ptr(azkeys.KeyRotationPolicyActionRotate)},
			Trigger: &azkeys.LifetimeActionTrigger{TimeAfterCreate: to.Ptr("P30D")},
		}},
	}, nil))
	result["expiresIn"] = *must(client.GetKeyRotationPolicy(ctx, "rsa", nil)).Attributes.ExpiryTime
	result["operations"] = must(client.UpdateKey(ctx, "rsa", "", azkeys.UpdateKeyParameters{
		KeyOps: []*azkeys.KeyOperation{to.Ptr(azkeys.KeyOperationVerify)},
	}, nil)).Key.KeyOps
	result["listed"] = namesOf(ctx, client.NewListKeyPropertiesPager(nil),
		func(page azkeys.ListKeyPropertiesResponse) []string { return keyNames(page.Value) })

	backup := must(client.BackupKey(ctx, "rsa", nil)).Value
	must(client.DeleteKey(ctx, "rsa", nil))
	result["afterDelete"] = statusOf(get("rsa"))
	result["nameTaken"] = statusOf(create("rsa", azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.KeyTypeRSA)}))
	result["deleted"] = namesOf(ctx, client.NewListDeletedKeyPropertiesPager(nil),
		func(page azkeys.ListDeletedKeyPropertiesResponse) (names []string) {
			for _, each := range page.Value {
				names = append(names, each.KID.Name())
			}
			return names
		})
	must(client.RecoverDeletedKey(ctx, "rsa", nil))
	result["recovered"] = bytes.Equal(must(get("rsa")).Key.N, rotated.Key.N)
	must(client.DeleteKey(ctx, "rsa", nil))
	must(client.PurgeDeletedKey(ctx, "rsa", nil))
	result["purged"] = statusOf(client.GetDeletedKey(ctx, "rsa", nil))
	must(client.RestoreKey(ctx, azkeys.RestoreKeyParameters{KeyBackup: backup}, nil))
	result["restored"] = bytes.Equal(must(get("rsa")).Key.N, rotated.Key.N)
	return result
}

func privateKey(key *rsa.PrivateKey) *azkeys.JSONWebKey {
	return &azkeys.JSONWebKey{
		Kty: to.Ptr(azkeys.KeyTypeRSA), N: key.N.Bytes(), E: big.NewInt(int64(key.E)).Bytes(), D: key.D.Bytes(),
		P: key.Primes[0].Bytes(), Q: key.Primes[1].Bytes(),
		DP: key.Precomputed.Dp.Bytes(), DQ: key.Precomputed.Dq.Bytes(), QI: key.Precomputed.Qinv.Bytes(),
	}
}

func keyNames(properties []*azkeys.KeyProperties) (names []string) {
	for _, each := range properties {
		names = append(names, each.KID.Name())
	}
	return names
}
