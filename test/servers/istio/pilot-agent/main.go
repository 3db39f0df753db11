// Command pilot-agent is the proxies' agent that go.mod pins.
package main

import (
	"os"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/cmd/pilot-agent/app"
	istioagent "istio.io/istio/pkg/istio-agent"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/security"
	"istio.io/istio/security/pkg/nodeagent/sds"
)

func main() {
	log.EnableKlogWithCobra()
	if err := app.NewRootCommand(serveSecrets).Execute(); err != nil {
		log.Error(err)
		os.Exit(1)
	}
}

// serveSecrets is the server by which Envoy gets its certificates.
func serveSecrets(options *security.Options, cache security.SecretManager, provider *meshconfig.PrivateKeyProvider) istioagent.SDSService {
	return sds.NewServer(options, cache, provider)
}
