package cluster

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// startEtcd starts an etcd at a socket in the cluster's directory, which only this user can
// reach. It needs no port.
func (c *Cluster) startEtcd(ctx context.Context, t testing.TB) {
	t.Helper()
	c.Etcd = process.Start(t, process.Spec{
		Name: c.Name + "-etcd",
		Path: binary(t, "etcd"),
		Args: []string{
			"--name=" + c.Name,
			"--data-dir=" + c.Data(),
			"--listen-client-urls=unix://" + c.etcdSocket(),
			// The other flags are for peers, which do not exist. etcd requires host:port in advertised URLs.
			"--advertise-client-urls=http://127.0.0.1:0",
			"--listen-peer-urls=http://127.0.0.1:0",
			"--unsafe-no-fsync",
			"--log-level=warn",
		},
		Dir: c.dir,
	})
	if err := c.Etcd.Ready(ctx, c.etcdReady); err != nil {
		t.Fatal(err)
	}
}

// Data is the data directory of etcd.
func (c *Cluster) Data() string { return filepath.Join(c.dir, "etcd") }

func (c *Cluster) etcdSocket() string { return filepath.Join(c.dir, "etcd.sock") }
