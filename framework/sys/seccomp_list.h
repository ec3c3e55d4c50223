/* SPDX-License-Identifier: MIT */
/*
 * seccomp_list.h - the system calls of a worker: portico's, and those of libc, libev, OpenSSL and
 * usual handlers, which read and write files and speak to other servers.  For seccomp.c alone.
 */
#ifndef PORTICO_SYS_SECCOMP_LIST_H
#define PORTICO_SYS_SECCOMP_LIST_H

#include <stdint.h>
#include <sys/syscall.h>

static const uint32_t seccomp_list[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv,
	SYS_pwritev, SYS_preadv2, SYS_pwritev2, SYS_lseek, SYS_close, SYS_close_range,
	SYS_openat, SYS_openat2, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs,
	SYS_readlinkat, SYS_faccessat, SYS_faccessat2, SYS_getcwd, SYS_getdents64,
	SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_sync_file_range,
	SYS_fadvise64, SYS_readahead, SYS_flock, SYS_fcntl, SYS_ioctl, SYS_dup, SYS_dup3,
	SYS_pipe2, SYS_sendfile, SYS_splice, SYS_tee, SYS_copy_file_range, SYS_memfd_create,
	SYS_umask, SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_symlinkat,
	SYS_fchmod, SYS_fchmodat, SYS_utimensat,
	SYS_socket, SYS_socketpair, SYS_connect, SYS_accept, SYS_accept4, SYS_getsockname,
	SYS_getpeername, SYS_getsockopt, SYS_setsockopt, SYS_shutdown, SYS_sendto, SYS_sendmsg,
	SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg,
	SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_ppoll,
	SYS_pselect6, SYS_eventfd2, SYS_signalfd4, SYS_timerfd_create, SYS_timerfd_settime,
	SYS_timerfd_gettime, SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch,
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_msync, SYS_mincore,
	SYS_mlock, SYS_mlock2, SYS_munlock, SYS_membarrier, SYS_brk,
	SYS_futex, SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_rseq,
	SYS_sched_yield, SYS_sched_getaffinity, SYS_getcpu, SYS_exit, SYS_exit_group,
	SYS_restart_syscall, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_rt_sigpending, SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_sigaltstack,
	SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep,
	SYS_gettimeofday, SYS_times, SYS_getitimer, SYS_setitimer, SYS_timer_create,
	SYS_timer_settime, SYS_timer_gettime, SYS_timer_getoverrun, SYS_timer_delete,
	SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_getgroups, SYS_getresuid, SYS_getresgid, SYS_getpgid, SYS_getsid, SYS_getrusage,
	SYS_getpriority, SYS_getrandom, SYS_uname, SYS_sysinfo, SYS_prctl,
#ifdef __x86_64__                /* older forms, which newer processors do not have */
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_creat, SYS_truncate,
	SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_rename, SYS_link, SYS_symlink,
	SYS_chmod, SYS_getdents, SYS_poll, SYS_select, SYS_epoll_create, SYS_epoll_wait,
	SYS_eventfd, SYS_signalfd, SYS_inotify_init, SYS_pipe, SYS_dup2, SYS_getrlimit,
	SYS_getpgrp, SYS_time, SYS_alarm, SYS_pause, SYS_arch_prctl,
#endif
};

#endif
