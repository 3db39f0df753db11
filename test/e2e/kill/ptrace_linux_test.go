package kill

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is a system call that changes files, before it runs.
type call struct {
	Name   string
	Path   string // the changed file; for a rename the new name
	From   string // the old name of a rename
	Failed bool
}

func (c call) String() string { return c.Name + " " + c.Path }

// shape is which argument of a system call names the file: a descriptor of it, or a descriptor
// of a folder followed by a path.
type shape struct {
	name     string
	path     int
	byHandle bool
}

// changingCalls are the calls that change files. Go uses the variants with a folder on every
// platform, never older ones such as rename(2).
var changingCalls = map[uint64]shape{
	unix.SYS_OPENAT:          {name: "openat"},
	unix.SYS_OPENAT2:         {name: "openat2"},
	unix.SYS_MKDIRAT:         {name: "mkdirat"},
	unix.SYS_MKNODAT:         {name: "mknodat"},
	unix.SYS_UNLINKAT:        {name: "unlinkat"},
	unix.SYS_FCHMODAT:        {name: "fchmodat"},
	unix.SYS_FCHMODAT2:       {name: "fchmodat"},
	unix.SYS_SYMLINKAT:       {name: "symlinkat", path: 1},
	unix.SYS_LINKAT:          {name: "linkat", path: 2},
	unix.SYS_RENAMEAT:        {name: "renameat", path: 2},
	unix.SYS_RENAMEAT2:       {name: "renameat", path: 2},
	unix.SYS_WRITE:           {name: "write", byHandle: true},
	unix.SYS_WRITEV:          {name: "write", byHandle: true},
	unix.SYS_PWRITE64:        {name: "write", byHandle: true},
	unix.SYS_PWRITEV:         {name: "write", byHandle: true},
	unix.SYS_COPY_FILE_RANGE: {name: "write", path: 2, byHandle: true},
	unix.SYS_SENDFILE:        {name: "write", byHandle: true},
	unix.SYS_FALLOCATE:       {name: "fallocate", byHandle: true},
	unix.SYS_FTRUNCATE:       {name: "ftruncate", byHandle: true},
	unix.SYS_FCHMOD:          {name: "fchmod", byHandle: true},
	unix.SYS_FSYNC:           {name: "fsync", byHandle: true},
	unix.SYS_FDATASYNC:       {name: "fsync", byHandle: true},
}

// syscallInfo is struct ptrace_syscall_info at the entry of a call. At the exit, the first byte
// after the first eight of the union says whether the call failed.
type syscallInfo struct {
	Op     uint8
	_      [3]uint8
	Arch   uint32
	IP, SP uint64
	Number uint64
	Args   [6]uint64
	_      [4]uint64 // more than the kernel writes
}

// tracee is a program under ptrace. Only the thread that started it may use it.
type tracee struct {
	pid    int
	kill   func(call) bool
	killed bool
	calls  []call
	inside map[int]int // current call of each thread inside one
}

// traced is the result of a traced program.
type traced struct {
	Calls  []call // all entered calls; if the program was killed, the last one did not run
	Killed bool
	Code   int // its exit code, unless it was killed
	Output string
}

// trace runs a program in a folder, and kills it before the first call for which kill returns
// true.
func trace(t *testing.T, dir string, argv []string, kill func(call) bool) traced {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Dir:   dir,
		Env:   os.Environ(),
		Files: []uintptr{output.Fd(), output.Fd(), output.Fd()},
		Sys:   &syscall.SysProcAttr{Ptrace: true, Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &tracee{pid: pid, kill: kill, inside: make(map[int]int)}
	status, err := p.run()
	if err != nil {
		p.end()
		t.Fatalf("trace %s: %v", strings.Join(argv, " "), err)
	}
	text, err := os.ReadFile(output.Name())
	if err != nil {
		t.Fatal(err)
	}
	if status.Signaled() != p.killed {
		t.Fatalf("%s ended with %v\n%s", strings.Join(argv, " "), status.Signal(), text)
	}
	return traced{Calls: p.calls, Killed: p.killed, Code: status.ExitStatus(), Output: string(text)}
}

// run continues the program from call to call until it ends.
func (p *tracee) run() (syscall.WaitStatus, error) {
	const follow = unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK
	if _, status, err := p.wait(); err != nil || !status.Stopped() {
		return status, fmt.Errorf("the program did not start: %w", err)
	}
	if err := syscall.PtraceSetOptions(p.pid, follow|unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_EXITKILL); err != nil {
		return 0, fmt.Errorf("set options: %w", err)
	}
	if err := syscall.PtraceSyscall(p.pid, 0); err != nil {
		return 0, fmt.Errorf("let it run: %w", err)
	}
	for {
		tid, status, err := p.wait()
		switch {
		case err != nil:
			return 0, fmt.Errorf("wait: %w", err)
		case status.Stopped():
			err = p.stopped(tid, status)
		case tid == p.pid:
			return status, nil
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) { // an ended thread is still waited for
			return 0, err
		}
	}
}

// wait waits for a thread of the program. The threads have a process group of their own, since
// this process may have other children.
func (p *tracee) wait() (tid int, status syscall.WaitStatus, err error) {
	for {
		tid, err = syscall.Wait4(-p.pid, &status, syscall.WALL, nil)
		if !errors.Is(err, syscall.EINTR) {
			return tid, status, err
		}
	}
}

// stopped handles a stopped thread, and continues it unless the program ends.
func (p *tracee) stopped(tid int, status syscall.WaitStatus) error {
	signal := status.StopSignal()
	switch signal {
	case syscall.SIGTRAP | 0x80:
		if err := p.atCall(tid); err != nil || p.killed {
			return err
		}
		signal = 0
	case syscall.SIGTRAP, syscall.SIGSTOP: // a new thread
		signal = 0
	}
	return syscall.PtraceSyscall(tid, int(signal))
}

// atCall handles the entry or the exit of a call.
func (p *tracee) atCall(tid int) error {
	var info syscallInfo
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	switch {
	case errno != 0:
		return errno
	case p.killed:
		return nil
	case info.Op == unix.PTRACE_SYSCALL_INFO_ENTRY:
		return p.enter(tid, info)
	}
	if i, ok := p.inside[tid]; ok {
		p.calls[i].Failed = info.Args[0]&0xff != 0
		delete(p.inside, tid)
	}
	return nil
}

// enter records a call that changes files, and kills the program if kill returns true.
func (p *tracee) enter(tid int, info syscallInfo) error {
	c, err := describeCall(tid, info)
	if err != nil || c.Name == "" {
		return err
	}
	p.inside[tid] = len(p.calls)
	p.calls = append(p.calls, c)
	if p.kill(c) {
		p.killed = true
		return syscall.Kill(p.pid, syscall.SIGKILL)
	}
	return nil
}

// end makes sure that the program has ended.
func (p *tracee) end() {
	_ = syscall.Kill(p.pid, syscall.SIGKILL)
	for {
		if tid, status, err := p.wait(); err != nil || tid == p.pid && !status.Stopped() {
			return
		}
	}
}

// describeCall returns the call; its name is empty if it changes no file.
func describeCall(tid int, info syscallInfo) (c call, err error) {
	s, ok := changingCalls[info.Number]
	if !ok {
		return call{}, nil
	}
	if s.byHandle {
		return describeHandle(tid, s, int32(info.Args[s.path])), nil
	}
	if strings.HasPrefix(s.name, "openat") {
		if creates, err := opensToChange(tid, info); err != nil || !creates {
			return call{}, err
		}
	}
	c = call{Name: s.name}
	if c.Path, err = pathAt(tid, info.Args[s.path], info.Args[s.path+1]); err == nil && s.name == "renameat" {
		c.From, err = pathAt(tid, info.Args[0], info.Args[1])
	}
	return c, err
}

// describeHandle ignores the standard streams, pipes and similar.
func describeHandle(tid int, s shape, fd int32) call {
	link := fmt.Sprintf("/proc/%d/fd/%d", tid, fd)
	info, err := os.Stat(link)
	if err != nil || fd <= 2 || !info.Mode().IsRegular() && !info.IsDir() {
		return call{}
	}
	path, err := os.Readlink(link)
	if err != nil {
		return call{}
	}
	return call{Name: s.name, Path: path}
}

func opensToChange(tid int, info syscallInfo) (bool, error) {
	flags := info.Args[2]
	if info.Number == unix.SYS_OPENAT2 {
		how := make([]byte, 8)
		if err := readMemory(tid, info.Args[2], how); err != nil {
			return false, err
		}
		flags = binary.NativeEndian.Uint64(how)
	}
	return flags&(unix.O_CREAT|unix.O_TRUNC) != 0, nil
}

// pathAt reads the path of a file, relative to a folder, from a program.
func pathAt(tid int, fd, address uint64) (string, error) {
	data := make([]byte, unix.PathMax)
	if err := readMemory(tid, address, data); err != nil {
		return "", err
	}
	name, _, _ := bytes.Cut(data, []byte{0})
	folder := fmt.Sprintf("/proc/%d/fd/%d", tid, int32(fd))
	if int32(fd) == unix.AT_FDCWD {
		folder = fmt.Sprintf("/proc/%d/cwd", tid)
	}
	if filepath.IsAbs(string(name)) {
		return string(name), nil
	}
	folder, err := os.Readlink(folder)
	return filepath.Join(folder, string(name)), err
}

// readMemory reads up to the end of the mapped memory.
func readMemory(tid int, address uint64, data []byte) error {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", tid))
	if err != nil {
		return err
	}
	defer memory.Close()
	if n, err := memory.ReadAt(data, int64(address)); n == 0 {
		return fmt.Errorf("read the memory of %d: %w", tid, err)
	}
	return nil
}
