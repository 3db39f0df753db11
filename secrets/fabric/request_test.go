package fabric_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestRequest_ReturnsAPendingRequestAgain(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	first := catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{}))(t)
	before := tree(t, p.clusterDir.Dir())
	again := catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{KeyType: ca.P384}))(t)
	if first.Action != fabric.Created || again.Action != fabric.Kept || !bytes.Equal(first.CSR, again.CSR) || again.Key != first.Key {
		t.Errorf("the first is %+v, the second %+v", first, again)
	}
	unchanged(t, p.clusterDir.Dir(), before)
	install(t, p.clusterDir, p.sign(t, first.CSR, "east").Response)
	if next := request(t, p.clusterDir, "east"); bytes.Equal(next, first.CSR) {
		t.Error("the request is given again after it was answered")
	}
}

func TestRequest_NewReplacesAPendingRequest(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	old := request(t, p.clusterDir, "east")
	next := catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{New: true, KeyType: ca.P384}))(t)
	if next.Action != fabric.Renewed || next.Key.Type != ca.P384 || bytes.Equal(next.CSR, old) {
		t.Errorf("the next request is %+v", next)
	}
	if data := tree(t, p.clusterDir.Dir())["superseded/requests/east/20260102T030405Z/request.pem"]; !strings.HasSuffix(data, string(old)) {
		t.Error("the old request is not kept")
	}
	_, err := p.clusterDir.Install(t.Context(), p.sign(t, old, "east").Response, fabric.InstallOptions{ConfirmRoot: confirmRoot})
	if !errors.Is(err, fabric.ErrNoRequest) {
		t.Errorf("the response to the old one: got the error %v", err)
	}
}

func TestRequest_UsesTheKeyTypeOfTheIssuerIfItIsKnown(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{KeyType: ca.P384})
	for want, f := range map[ca.KeyType]*fabric.Fabric{ca.P384: p.rootDir, ca.P256: p.clusterDir} {
		if got := catest.Must(f.Request(t.Context(), "east", fabric.RequestOptions{}))(t).Key.Type; got != want {
			t.Errorf("the key type is %s, want %s", got, want)
		}
	}
	if got := catest.Must(p.clusterDir.Request(t.Context(), "west", fabric.RequestOptions{KeyType: ca.P384}))(t).Key.Type; got != ca.P384 {
		t.Errorf("the key type is %s, want the requested one", got)
	}
}

func TestRequest_DryRunChangesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	got := catest.Must(f.Request(t.Context(), "east", fabric.RequestOptions{DryRun: true, KeyType: ca.P384}))(t)
	if diff := cmp.Diff(fabric.RequestResult{Action: fabric.Created, Key: mesh.PublicKey{Type: ca.P384}}, got); diff != "" {
		t.Errorf("requested (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
		t.Error("the directory is there")
	}
	csr := request(t, f, "east")
	before := tree(t, f.Dir())
	if got := catest.Must(f.Request(t.Context(), "east", fabric.RequestOptions{DryRun: true}))(t); !bytes.Equal(got.CSR, csr) {
		t.Error("what waits is not given")
	}
	unchanged(t, f.Dir(), before)
}

func TestRequest_RefusesAndCreatesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	var name *mesh.ClusterNameError
	if _, err := f.Request(t.Context(), "../east", fabric.RequestOptions{}); !errors.As(err, &name) {
		t.Errorf("got the error %v, want one about the name", err)
	}
	if _, err := f.Request(t.Context(), "east", fabric.RequestOptions{KeyType: "P-521"}); err == nil || !strings.Contains(err.Error(), "P-521") {
		t.Errorf("got the error %v, want one about the key type", err)
	}
	if _, err := f.Request(canceled(t), "east", fabric.RequestOptions{}); err == nil {
		t.Error("an ended context is no error")
	}
	if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
		t.Error("the directory is there")
	}
}

func TestRequest_ReplacesADamagedRequestOnlyOnRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		harm func(t *testing.T, folder string) error
		want string
	}{
		"the key is gone":     {func(_ *testing.T, folder string) error { return os.Remove(folder + "/ca-key.pem") }, "ca-key.pem: no such file"},
		"the request is gone": {func(_ *testing.T, folder string) error { return os.Remove(folder + "/request.pem") }, "request.pem: no such file"},
		"both are gone": {func(_ *testing.T, folder string) error {
			return errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700))
		}, "no such file"},
		"the key is junk": {func(_ *testing.T, folder string) error {
			return os.WriteFile(folder+"/ca-key.pem", []byte("junk"), 0o600)
		}, "ca-key.pem: text that is not PEM"},
		"the key is another one": {func(t *testing.T, folder string) error {
			return os.WriteFile(folder+"/ca-key.pem", marshalKey(t), 0o600)
		}, "request.pem: is for another key than that in ca-key.pem"},
		"others can read the key": {func(_ *testing.T, folder string) error { return os.Chmod(folder+"/ca-key.pem", 0o644) }, "has mode 0644"},
		"the request is a certificate": {func(t *testing.T, folder string) error {
			return os.WriteFile(folder+"/request.pem", ca.MarshalCertificates(catest.New(t).Leaf), 0o600)
		}, "request.pem: PEM block 1 is a CERTIFICATE"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newDirectories(t, fabric.RootOptions{})
			response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
			folder := filepath.Join(p.clusterDir.Dir(), "requests/east")
			if err := test.harm(t, folder); err != nil {
				t.Fatal(err)
			}
			before := tree(t, p.clusterDir.Dir())
			_, err := p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{})
			requireRequestError(t, err, folder, test.want)
			_, err = p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{ConfirmRoot: confirmRoot})
			requireRequestError(t, err, folder, test.want)
			status, err := p.clusterDir.Status(t.Context())
			if !errors.Is(err, fabric.ErrNoRoot) || len(status.Requests) != 1 {
				t.Fatalf("the status is %+v, %v", status, err)
			}
			requireRequestError(t, status.Requests[0].Err, folder, test.want)
			unchanged(t, p.clusterDir.Dir(), before)
			catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{New: true}))(t)
			p.addCluster(t, "east")
		})
	}
}

func requireRequestError(t *testing.T, err error, folder, text string) {
	t.Helper()
	var damaged *fabric.RequestError
	if !errors.As(err, &damaged) || damaged.Cluster != "east" || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), folder) {
		t.Errorf("got the error %v, want a RequestError with %q", err, text)
	}
}
