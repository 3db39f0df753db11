package fabric_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
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

func TestARequestIsGivenAgainUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	first := catest.Must(p.beside.Request(t.Context(), "east", fabric.RequestOptions{}))(t)
	before := tree(t, p.beside.Dir())
	again := catest.Must(p.beside.Request(t.Context(), "east", fabric.RequestOptions{KeyType: ca.P384}))(t)
	if first.Action != fabric.Created || again.Action != fabric.Kept || !bytes.Equal(first.CSR, again.CSR) || again.Key != first.Key {
		t.Errorf("the first is %+v, the second %+v", first, again)
	}
	unchanged(t, p.beside.Dir(), before)
	installed(t, p.beside, p.signed(t, first.CSR, "east").Response)
	if next := requested(t, p.beside, "east"); bytes.Equal(next, first.CSR) {
		t.Error("the request is given again after it was answered")
	}
}

func TestANewRequestTakesThePlaceOfTheOldOne(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	old := requested(t, p.beside, "east")
	next := catest.Must(p.beside.Request(t.Context(), "east", fabric.RequestOptions{New: true, KeyType: ca.P384}))(t)
	if next.Action != fabric.Renewed || next.Key.Type != ca.P384 || bytes.Equal(next.CSR, old) {
		t.Errorf("the next request is %+v", next)
	}
	if data := tree(t, p.beside.Dir())["superseded/requests/east/20260102T030405Z/request.pem"]; !strings.HasSuffix(data, string(old)) {
		t.Error("the old request is not kept")
	}
	_, err := p.beside.Install(t.Context(), p.signed(t, old, "east").Response, fabric.InstallOptions{ConfirmRoot: trusting})
	if !errors.Is(err, fabric.ErrNoRequest) {
		t.Errorf("the answer to the old one: got the error %v", err)
	}
}

func TestTheKeyOfARequestHasTheTypeOfTheCAThatIssuesIfItIsKnown(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{KeyType: ca.P384})
	for want, f := range map[ca.KeyType]*fabric.Fabric{ca.P384: p.root, ca.P256: p.beside} {
		if got := catest.Must(f.Request(t.Context(), "east", fabric.RequestOptions{}))(t).Key.Type; got != want {
			t.Errorf("the key type is %s, want %s", got, want)
		}
	}
	if got := catest.Must(p.beside.Request(t.Context(), "west", fabric.RequestOptions{KeyType: ca.RSA3072}))(t).Key.Type; got != ca.RSA3072 {
		t.Errorf("the key type is %s, want the one asked for", got)
	}
}

func TestADryRunOfARequestChangesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	got := catest.Must(f.Request(t.Context(), "east", fabric.RequestOptions{DryRun: true, KeyType: ca.P384}))(t)
	if diff := cmp.Diff(fabric.RequestResult{Action: fabric.Created, Key: mesh.PublicKey{Type: ca.P384}}, got); diff != "" {
		t.Errorf("requested (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
		t.Error("the directory is there")
	}
	csr := requested(t, f, "east")
	before := tree(t, f.Dir())
	if got := catest.Must(f.Request(t.Context(), "east", fabric.RequestOptions{DryRun: true}))(t); !bytes.Equal(got.CSR, csr) {
		t.Error("what waits is not given")
	}
	unchanged(t, f.Dir(), before)
}

func TestBadRequestsAreNotMade(t *testing.T) {
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

func TestADamagedRequestIsNamedAndMadeAnewOnlyWhenAsked(t *testing.T) {
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
			p := newPlaces(t, fabric.RootOptions{})
			answer := p.signed(t, requested(t, p.beside, "east"), "east").Response
			folder := filepath.Join(p.beside.Dir(), "requests/east")
			if err := test.harm(t, folder); err != nil {
				t.Fatal(err)
			}
			before := tree(t, p.beside.Dir())
			_, err := p.beside.Request(t.Context(), "east", fabric.RequestOptions{})
			wantRequestError(t, err, folder, test.want)
			_, err = p.beside.Install(t.Context(), answer, fabric.InstallOptions{ConfirmRoot: trusting})
			wantRequestError(t, err, folder, test.want)
			status, err := p.beside.Status(t.Context())
			if !errors.Is(err, fabric.ErrNoRoot) || len(status.Requests) != 1 {
				t.Fatalf("the status is %+v, %v", status, err)
			}
			wantRequestError(t, status.Requests[0].Err, folder, test.want)
			unchanged(t, p.beside.Dir(), before)
			catest.Must(p.beside.Request(t.Context(), "east", fabric.RequestOptions{New: true}))(t)
			p.through(t, "east")
		})
	}
}

func wantRequestError(t *testing.T, err error, folder, text string) {
	t.Helper()
	var damaged *fabric.RequestError
	if !errors.As(err, &damaged) || damaged.Cluster != "east" || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), folder) {
		t.Errorf("got the error %v, want a RequestError with %q", err, text)
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	t.Parallel()
	good := csrOf(t, catest.Key("east"), nil)
	block, _ := pem.Decode(good)
	broken := append([]byte(nil), block.Bytes...)
	broken[len(broken)-1] ^= 1
	encode := func(name string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der}) }
	join := func(parts ...[]byte) []byte { return []byte(strings.Join(texts(parts), "")) }
	tests := map[string]struct {
		data []byte
		want string // nothing where it is taken
	}{
		"PEM":                        {good, ""},
		"DER":                        {block.Bytes, ""},
		"the old name of the block":  {encode("NEW CERTIFICATE REQUEST", block.Bytes), ""},
		"text around it":             {join([]byte("Certificate Request:\n"), good, []byte("bye")), ""},
		"Windows line ends":          {[]byte(strings.ReplaceAll(string(good), "\n", "\r\n")), ""},
		"nothing":                    {nil, "is neither a certificate request in PEM nor one in DER"},
		"junk":                       {[]byte("junk"), "is neither"},
		"a certificate":              {ca.MarshalCertificates(catest.New(t).Leaf), "PEM block 1 is a CERTIFICATE, expected a CERTIFICATE REQUEST"},
		"a certificate in DER":       {catest.New(t).Leaf.Raw, "is a CERTIFICATE, expected a CERTIFICATE REQUEST"},
		"a key":                      {marshalKey(t), "PEM block 1 is a PRIVATE KEY, which must not leave its directory"},
		"a key beside it":            {join(good, marshalKey(t)), "PEM block 2 is a PRIVATE KEY, which must not leave its directory"},
		"two":                        {join(good, good), "2 certificate requests, expected one"},
		"one that is cut off":        {good[:len(good)/2], "1 PEM blocks begin, 0 are well formed"},
		"a block of junk":            {encode("CERTIFICATE REQUEST", []byte("junk")), "is not a valid certificate request"},
		"bytes after it":             {encode("CERTIFICATE REQUEST", append(block.Bytes[:len(block.Bytes):len(block.Bytes)], 0)), "is not a valid certificate request"},
		"a signature of another key": {encode("CERTIFICATE REQUEST", broken), "is not signed with its own key"},
		"a key of another kind":      {encode("CERTIFICATE REQUEST", ed25519Request(t)), "a CA key of type Ed25519, expected"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			csr, err := mesh.ParseRequest(test.data)
			switch {
			case test.want == "" && (err != nil || !ca.SamePublicKey(csr.PublicKey, catest.Key("east").Public())):
				t.Errorf("got the error %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "MIG") {
				t.Errorf("the error %v shows what is in the file", err)
			}
		})
	}
}

func ed25519Request(t *testing.T) []byte {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return catest.Must(x509.CreateCertificateRequest(nil, &x509.CertificateRequest{}, key))(t)
}

func texts(parts [][]byte) []string {
	all := make([]string, len(parts))
	for i, part := range parts {
		all[i] = string(part)
	}
	return all
}

// FuzzParseRequest reads whatever somebody sends to be signed.
func FuzzParseRequest(f *testing.F) {
	key := catest.Key("east")
	der := catest.Must(x509.CreateCertificateRequest(nil, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "east"}}, key))(f)
	f.Add(der)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		csr, err := mesh.ParseRequest(data)
		if err != nil {
			return
		}
		if err := csr.CheckSignature(); err != nil {
			t.Errorf("who made it may not have the key: %v", err)
		}
		if _, err := ca.KeyTypeOf(csr.PublicKey); err != nil {
			t.Error(err)
		}
		again, err := mesh.ParseRequest(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr.Raw}))
		if err != nil || !ca.SamePublicKey(again.PublicKey, csr.PublicKey) {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}
