"""What a decoder gives up before it reads the first byte of a stranger's file.

After `lock_down` the process has no way to start programs, to open files (not even
to read them: the service's database and keys belong to the same user), to make or
reach sockets, or to look into other processes. What is left is arithmetic on the
one file that it was handed, and the socket to its service.
"""

from __future__ import annotations

import errno
import os
import resource
import signal

from staydown.media.limits import Limits

_MEGABYTE = 1 << 20
_OPEN_FILES = 16
_CLONE_THREAD = 0x00010000
_PROT_EXEC = 4

_FORBIDDEN = (
    # programs and processes
    *("execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv"),
    *("process_vm_writev", "kill", "tkill", "pidfd_open", "pidfd_getfd"),
    *("pidfd_send_signal", "kcmp", "setns", "unshare", "personality"),
    # files
    *("open", "openat", "openat2", "creat", "open_by_handle_at", "unlink", "unlinkat"),
    *("rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "link", "linkat"),
    *("symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown"),
    *("fchown", "lchown", "fchownat", "truncate", "ftruncate", "fallocate", "mknod"),
    *("mknodat", "memfd_create", "memfd_secret", "chdir", "fchdir", "chroot"),
    *("pivot_root", "mount", "umount2", "move_mount", "open_tree", "fsopen", "fspick"),
    *("readlink", "readlinkat", "getdents", "getdents64", "setxattr", "fsetxattr"),
    *("inotify_init", "inotify_init1", "fanotify_init", "utimensat", "swapon"),
    # network
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4"),
    # the kernel's larger doors
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter"),
    *("io_uring_register", "add_key", "request_key", "keyctl", "init_module"),
    *("finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot"),
    *("shmget", "shmat", "msgget", "semget", "mq_open", "setuid", "setgid", "setreuid"),
    *("setregid", "setresuid", "setresgid", "setgroups", "capset"),
)


def limit_resources(limits: Limits) -> None:
    """Bound memory, files and core dumps for the rest of this process."""
    _lower(resource.RLIMIT_AS, limits.memory_megabytes * _MEGABYTE)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    # Writing past RLIMIT_FSIZE is then an error, not the end of the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def limit_processor_time(seconds: int) -> None:
    """Let this process be ended by SIGXCPU after *seconds* more of processor time."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def forbid_system_calls() -> bool:
    """Install the seccomp filter; False where the kernel or libseccomp lacks it."""
    try:
        import pyseccomp as seccomp
    except (ImportError, OSError, RuntimeError):
        # pyseccomp raises RuntimeError where the C library is not installed.
        return False
    deny = seccomp.ERRNO(errno.EPERM)
    absent = seccomp.ERRNO(errno.ENOSYS)
    try:
        rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
        for name in _FORBIDDEN:
            _forbid(rules, deny, name)
        # Threads are for decoders, processes are not. The flags of clone3 lie in
        # memory where the filter cannot see them: without it, libc uses clone.
        _forbid(rules, absent, "clone3")
        _forbid(rules, deny, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0))
        for name in ("mmap", "mprotect", "pkey_mprotect"):
            executable = seccomp.Arg(2, seccomp.MASKED_EQ, _PROT_EXEC, _PROT_EXEC)
            _forbid(rules, deny, name, executable)
        # A failed assertion may end this process, not another.
        _forbid(rules, deny, "tgkill", seccomp.Arg(0, seccomp.NE, os.getpid()))
        rules.load()
    except (OSError, RuntimeError, ValueError):
        return False
    return True


def _forbid(rules: object, action: object, name: str, *arguments: object) -> None:
    try:
        rules.add_rule(action, name, *arguments)  # type: ignore[attr-defined]
    except (OSError, ValueError, RuntimeError):
        # A call that this architecture or this libseccomp does not know.
        return


def _lower(which: int, value: int) -> None:
    _soft, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
