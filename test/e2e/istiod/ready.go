package istiod

import (
	"context"
	"net"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// ready returns nil if istiod serves. Another istiod that has its port is unlikely to have its
// second port too.
func (i *Istiod) ready(ctx context.Context) error {
	if err := process.Answers(ctx, "http://"+i.probe+"/ready", nil); err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", i.Address)
	if err != nil {
		return err
	}
	return conn.Close()
}
