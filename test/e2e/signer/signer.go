// Package signer runs the controller of trustgen for a test: as a plain process beside the API
// server of its cluster, with the rights of deploy/ and no others.
package signer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/process"
)

// Namespace is the namespace of the controller and of the Secrets of cluster issuers.
const Namespace = "trustgen-system"

// Domain is the domain of the signers that are TrustClusterIssuers.
const Domain = "trustclusterissuers.trustgen.io"

var account = cluster.ServiceAccount{Namespace: Namespace, Name: "trustgen-controller"}

// Signer is a controller that runs until its test ends.
type Signer struct {
	Process *process.Process

	cluster *cluster.Cluster
	flags   []string
	health  string
	dir     string
}

// deploy is the folder of the manifests, relative to the tests.
const deploy = "../../deploy"

// Install prepares a cluster for the controller, as deploy/README.md says.
func Install(t testing.TB, c *cluster.Cluster) {
	t.Helper()
	c.Kubectl(t, "apply", "--server-side", "-f", filepath.Join(deploy, "crds"), "-f", filepath.Join(deploy, "rbac.yaml"))
	c.Kubectl(t, "wait", "--for=condition=Established", "crd/trustclusterissuers.trustgen.io", "crd/trustissuers.trustgen.io")
}

const startTimeout = time.Minute

// Start starts the controller in a cluster that Install has prepared.
func Start(t testing.TB, c *cluster.Cluster, flags ...string) *Signer {
	t.Helper()
	s := &Signer{cluster: c, flags: flags, dir: process.Directory(t)}
	s.start(t)
	return s
}

// Restart ends the controller if it runs, and starts it again.
func (s *Signer) Restart(t testing.TB) {
	t.Helper()
	s.Process.Stop()
	s.start(t)
}

func (s *Signer) start(t testing.TB) {
	t.Helper()
	program := os.Getenv("TRUSTGEN_E2E_BIN")
	if program == "" {
		t.Fatal("TRUSTGEN_E2E_BIN does not name the program under test: run make e2e")
	}
	kubeconfig := s.cluster.ServiceAccountKubeconfig(t, account)
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	var err error
	s.Process, err = process.StartReady(ctx, t, func() process.Spec {
		s.health = fmt.Sprintf("127.0.0.1:%d", process.FreePort(t))
		return process.Spec{
			Name: s.cluster.Name + "-trustgen",
			Path: program,
			Args: append([]string{
				"controller", "--kubeconfig=" + kubeconfig, "--leader-elect=false", "--metrics-address=0", "--health-address=" + s.health,
			}, s.flags...),
			Dir: s.dir,
		}
	}, s.ready)
	if err != nil {
		t.Fatal(err)
	}
}

func (s *Signer) ready(ctx context.Context) error {
	return process.Answers(ctx, "http://"+s.health+"/readyz", nil)
}

// Files is the working directory of the controller.
func (s *Signer) Files() string { return s.dir }
