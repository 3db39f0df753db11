package cfssl_test

import (
	"bytes"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	cflog "github.com/cloudflare/cfssl/log"

	"github.com/trustgen/trustgen/ca/catest"
)

// Not parallel: it captures the output of the process.
func TestIssue_WritesNothing(t *testing.T) {
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	r := request(t)
	file := catest.Must(os.Create(filepath.Join(t.TempDir(), "output")))(t)
	stdout, stderr, writer := os.Stdout, os.Stderr, log.Writer()
	os.Stdout, os.Stderr = file, file
	log.SetOutput(file)
	defer func() {
		os.Stdout, os.Stderr = stdout, stderr
		log.SetOutput(writer)
	}()
	i := client(t, options(t, f))
	_, err := i.Issue(t.Context(), r)
	for _, refuse := range []http.HandlerFunc{
		status(http.StatusBadRequest, failure(5500)), status(http.StatusBadGateway, "<html>"), status(http.StatusOK, "{}"), cutOff,
	} {
		f.respond(authsign, refuse)
		_, _ = i.Issue(t.Context(), r)
	}
	f.CloseClientConnections()
	if err != nil {
		t.Error(err)
	}
	if written := catest.Must(os.ReadFile(file.Name()))(t); len(written) > 0 {
		t.Errorf("output:\n%s", written)
	}
	cflog.Warning("the test can fail")
	if written := catest.Must(os.ReadFile(file.Name()))(t); !bytes.Contains(written, []byte("the test can fail")) {
		t.Error("the logger of cfssl is not captured")
	}
}
