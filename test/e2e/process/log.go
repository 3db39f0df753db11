package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// createLog creates the log of process name: name.log, or name.2.log and so on if the test has
// already run a process of that name.
func createLog(t testing.TB, name string) (*os.File, error) {
	dir, err := logDir(t)
	if err != nil {
		return nil, err
	}
	file := name + ".log"
	for n := 2; ; n++ {
		log, err := os.OpenFile(filepath.Join(dir, file), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return log, err
		}
		file = fmt.Sprintf("%s.%d.log", name, n)
	}
}

// logDir returns the directory for the logs of t, and creates it.
func logDir(t testing.TB) (string, error) {
	kept := os.Getenv("E2E_LOGS")
	if kept == "" {
		return t.TempDir(), nil
	}
	if !filepath.IsAbs(kept) {
		return "", fmt.Errorf("E2E_LOGS=%s: must be an absolute path", kept)
	}
	dir := filepath.Join(kept, strings.ReplaceAll(t.Name(), "/", "_"))
	return dir, os.MkdirAll(dir, 0o700)
}

// Log returns the output of the process so far, or the error of reading it.
func (p *Process) Log() string {
	log, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	return string(log)
}

// tailSize is large enough to contain the cause, and small enough to read.
const tailSize = 4 << 10

// tail returns the last lines of the file, or the error of reading it.
func tail(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err.Error()
	}
	start := max(0, info.Size()-tailSize)
	end, err := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	if err != nil {
		return err.Error()
	}
	if start > 0 {
		_, end, _ = bytes.Cut(end, []byte("\n"))
	}
	return string(end)
}
