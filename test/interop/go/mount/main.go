// Mounts from a provider as the Secrets Store CSI driver does: with the driver's own client, which dials the socket,
// retries, reads the answer and writes the files. It takes one request as JSON on standard input and prints what the
// driver would make of the answer; the files are in the target folder.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	secretsstore "sigs.k8s.io/secrets-store-csi-driver/pkg/secrets-store"
)

type request struct {
	// Folder of the sockets; each is named after its provider.
	ProvidersFolder string            `json:"providersFolder"`
	Provider        string            `json:"provider"`
	Attributes      string            `json:"attributes"`
	Secrets         string            `json:"secrets"`
	TargetPath      string            `json:"targetPath"`
	Permission      string            `json:"permission"`
	ObjectVersions  map[string]string `json:"objectVersions"`
}

type result struct {
	RuntimeVersion string            `json:"runtimeVersion"`
	ObjectVersions map[string]string `json:"objectVersions"`
	// The reason that the driver counts a failure under, and what it tells the kubelet.
	ErrorReason string `json:"errorReason"`
	Error       string `json:"error"`
}

func main() {
	var input request
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		fmt.Fprintln(os.Stderr, "the request is not JSON:", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(mount(input)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func mount(input request) result {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	clients := secretsstore.NewPluginClientBuilder([]string{input.ProvidersFolder})
	defer clients.Cleanup()
	client, err := clients.Get(ctx, input.Provider)
	if err != nil {
		return result{Error: err.Error()}
	}
	runtimeVersion, err := secretsstore.Version(ctx, client)
	if err != nil {
		return result{Error: err.Error()}
	}
	versions, reason, err := secretsstore.MountContent(
		ctx, client, input.Attributes, input.Secrets, input.TargetPath, input.Permission, input.ObjectVersions,
	)
	output := result{RuntimeVersion: runtimeVersion, ObjectVersions: versions, ErrorReason: reason}
	if err != nil {
		output.Error = err.Error()
	}
	return output
}
