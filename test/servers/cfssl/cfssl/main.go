// Command cfssl is cloudflare's, with the one command that the tests need.
package main

import (
	"log"

	"github.com/cloudflare/cfssl/cli"
	"github.com/cloudflare/cfssl/cli/serve"
)

func main() {
	if err := cli.Start(map[string]*cli.Command{"serve": serve.Command}); err != nil {
		log.Fatal(err)
	}
}
