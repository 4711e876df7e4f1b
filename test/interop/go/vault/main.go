// Plays the life of a secret, of keys or of certificates through the official SDK for Go, and prints what it saw as
// JSON. The only settings are the addresses; the certificate authority is SSL_CERT_FILE.
//
//	vault secrets|keys|certificates VAULT_URL AUTHORITY TENANT CLIENT_ID CLIENT_SECRET VALUE
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// scene is what every flow needs: where the vault is, who asks, and a secret value.
type scene struct {
	ctx        context.Context
	vaultURL   string
	credential azcore.TokenCredential
	options    policy.ClientOptions
	value      string
}

func main() {
	flows := map[string]func(scene) any{"secrets": secrets, "keys": keys, "certificates": certificates}
	if len(os.Args) != 8 || flows[os.Args[1]] == nil {
		fail(errors.New("usage: vault secrets|keys|certificates URL AUTHORITY TENANT CLIENT_ID CLIENT_SECRET VALUE"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	authority, tenantID, clientID, clientSecret := os.Args[3], os.Args[4], os.Args[5], os.Args[6]
	options := policy.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authority},
		Transport: &http.Client{Transport: loopbackTransport()},
	}
	credential := must(azidentity.NewClientSecretCredential(tenantID, clientID, clientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true}))
	result := flows[os.Args[1]](scene{ctx, os.Args[2], credential, options, os.Args[7]})
	must(0, json.NewEncoder(os.Stdout).Encode(result))
}

// loopbackTransport looks *.localhost up as RFC 6761 asks for, which not every resolver does.
func loopbackTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port := must2(net.SplitHostPort(address))
		if strings.HasSuffix(host, ".localhost") {
			host = "127.0.0.1"
		}
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(host, port))
	}
	return transport
}

// statusOf is the HTTP status that a call was answered with: 200, or that of its error.
func statusOf[T any](_ T, err error) int {
	if err == nil {
		return http.StatusOK
	}
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		fail(err)
	}
	return response.StatusCode
}

// namesOf reads a list to its end and sorts the names in it.
func namesOf[P any](ctx context.Context, pager *runtime.Pager[P], names func(P) []string) []string {
	all := []string{}
	for pager.More() {
		all = append(all, names(must(pager.NextPage(ctx)))...)
	}
	slices.Sort(all)
	return all
}

func must[T any](value T, err error) T {
	if err != nil {
		fail(err)
	}
	return value
}

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		fail(err)
	}
	return a, b
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
