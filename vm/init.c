/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /init of the guest: mounts what a test needs, runs one command as its child, carries the command's output and the
 * files below /out to the host through virtio ports, then a trailer with the command's status and the length and
 * checksum of everything carried. Without a command it gives a shell on the console.
 * It judges nothing: vm/run on the host does. It runs as SCHED_FIFO so that a scheduler under test cannot starve it;
 * between outputs it sleeps, but for one beat every BEAT_MS that tells the host that the guest lives.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SCHED_RESET_ON_FORK
#define SCHED_RESET_ON_FORK 0x40000000
#endif

#define BEAT_MS	     5000
#define PORT_WAIT_MS 20000
#define MAX_ARGS     4096

/* One stream to the host, with what POSIX cksum(1) would say of it. */
struct stream {
	int in;	 /* read end of a pipe, -1 once it has ended */
	int out; /* virtio port */
	uint32_t crc;
	uint64_t length;
};

static uint32_t crc_table[256];
static struct stream out_stream, err_stream, files_stream;
static int result_port = -1;

static void __attribute__((noreturn)) power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* Say why on the console and end the guest; the host then finds no trailer. */
static void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *format, ...)
{
	va_list args;

	fputs("schedlab-init: ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	puts("");
	fflush(stdout);
	power_off();
}

static void crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i << 24;

		for (int bit = 0; bit < 8; bit++)
			c = c & 0x80000000u ? (c << 1) ^ 0x04c11db7u : c << 1;
		crc_table[i] = c;
	}
}

static uint32_t crc_add(uint32_t crc, const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		crc = (crc << 8) ^ crc_table[(crc >> 24) ^ bytes[i]];
	return crc;
}

/* POSIX cksum: the length, least significant byte first, follows the data. */
static uint32_t crc_final(const struct stream *s)
{
	uint32_t crc = s->crc;

	for (uint64_t n = s->length; n; n >>= 8) {
		unsigned char byte = n & 0xff;

		crc = crc_add(crc, &byte, 1);
	}
	return ~crc;
}

static void write_all(int fd, const void *data, size_t count)
{
	const char *p = data;

	while (count) {
		ssize_t n = write(fd, p, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			give_up("cannot write to a port: %s", strerror(errno));
		p += n;
		count -= (size_t)n;
	}
}

/* Carry what is in the pipe. Returns false where there is nothing (left) to read now. */
static bool carry(struct stream *s)
{
	static unsigned char buffer[65536];
	ssize_t n;

	if (s->in < 0)
		return false;
	n = read(s->in, buffer, sizeof(buffer));
	if (n < 0)
		return errno == EINTR;
	if (n == 0) {
		close(s->in);
		s->in = -1;
		return false;
	}
	write_all(s->out, buffer, (size_t)n);
	s->crc = crc_add(s->crc, buffer, (size_t)n);
	s->length += (uint64_t)n;
	return true;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return; /* this kernel has no such switch */
	if (write(fd, text, strlen(text)) < 0)
		printf("schedlab-init: %s: %s\n", path, strerror(errno));
	close(fd);
}

static void mount_all(void)
{
	static const struct {
		const char *type, *target, *options;
		bool optional;
	} mounts[] = {
		{"proc", "/proc", NULL, false},
		{"sysfs", "/sys", NULL, false},
		{"devtmpfs", "/dev", NULL, false},
		{"devpts", "/dev/pts", NULL, true},
		{"tmpfs", "/dev/shm", "mode=1777", true},
		{"tmpfs", "/tmp", "mode=1777", false},
		{"tmpfs", "/run", "mode=755", false},
		{"tmpfs", "/out", "mode=1777", false},
		{"debugfs", "/sys/kernel/debug", NULL, true},
		{"tracefs", "/sys/kernel/tracing", NULL, true},
		{"bpf", "/sys/fs/bpf", NULL, true},
		{"cgroup2", "/sys/fs/cgroup", NULL, true},
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, 0, mounts[i].options) &&
		    !mounts[i].optional)
			give_up("cannot mount %s: %s", mounts[i].target, strerror(errno));
	}
	if (symlink("/proc/self/fd", "/dev/fd") || symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") || symlink("/proc/self/fd/2", "/dev/stderr"))
		printf("schedlab-init: /dev/std*: %s\n", strerror(errno));
	put("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +cpuset +memory +pids");
	put("/sys/module/damon_stat/parameters/enabled", "N");
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		printf("schedlab-init: no loopback network: %s\n", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* The number in /sys/class/virtio-ports/vportNpM whose name is @name; the path of its device goes to @path. */
static bool find_port(const char *name, char *path, size_t size)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		char file[512], text[64] = "";
		int fd;

		snprintf(file, sizeof(file), "/sys/class/virtio-ports/%s/name", entry->d_name);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text) - 1) > 0) {
			text[strcspn(text, "\n")] = '\0';
			found = !strcmp(text, name);
		}
		close(fd);
		if (found)
			snprintf(path, size, "/dev/%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* The driver makes its ports from a work queue: wait for them. */
static int open_port(const char *name)
{
	char path[512];

	for (int waited_ms = 0; waited_ms < PORT_WAIT_MS; waited_ms++) {
		if (find_port(name, path, sizeof(path))) {
			int fd = open(path, O_WRONLY | O_CLOEXEC);

			if (fd >= 0)
				return fd;
		}
		usleep(1000);
	}
	give_up("no virtio port %s", name);
}

/* /schedlab/argv holds the command's words, each ended by a NUL. Returns their number, 0 without the file. */
static int read_command(char **argv)
{
	FILE *file = fopen("/schedlab/argv", "re");
	int count = 0;

	if (!file)
		return 0;
	for (;;) {
		char *word = NULL;
		size_t size = 0;

		if (getdelim(&word, &size, '\0', file) < 0) {
			free(word);
			break;
		}
		if (count == MAX_ARGS)
			give_up("more than %d words in the command", MAX_ARGS);
		argv[count++] = word;
	}
	fclose(file);
	argv[count] = NULL;
	return count;
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		give_up("no pipe: %s", strerror(errno));
	/* A reader that never blocks; room for a burst while a faulty scheduler holds others up. */
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
}

/* Start @argv with standard output and error in the two pipes. */
static pid_t start(char **argv, int out, int err)
{
	pid_t pid = fork();
	int null;

	if (pid < 0)
		give_up("cannot fork: %s", strerror(errno));
	if (pid)
		return pid;
	reset_signals();
	setsid();
	null = open("/dev/null", O_RDONLY);
	if (null >= 0)
		dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	execvp(argv[0], argv);
	fprintf(stderr, "vm/run: cannot run '%s' in the guest: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Reap whoever has ended (orphans too). Returns true once @pid has, with its shell-style status in @status. */
static bool reap(pid_t pid, int *status)
{
	bool ended = false;
	int raw;

	for (;;) {
		pid_t p = waitpid(-1, &raw, WNOHANG);

		if (p <= 0)
			return ended;
		if (p != pid)
			continue;
		ended = true;
		*status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
	}
}

/* One beat where the last is BEAT_MS ago. */
static void beat(void)
{
	static struct timespec last;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (last.tv_sec &&
	    (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 < BEAT_MS)
		return;
	last = now;
	write_all(result_port, "beat\n", 5);
}

/* Carry both streams until @pid has ended and nothing is left in the pipes. Returns its status. */
static int carry_until_end(pid_t pid, struct stream *a, struct stream *b, int signals)
{
	int status = 0;
	bool ended = false;

	while (!ended) {
		struct pollfd fds[] = {
			{.fd = signals, .events = POLLIN},
			{.fd = a->in, .events = POLLIN},
			{.fd = b->in, .events = POLLIN},
		};

		poll(fds, 3, BEAT_MS);
		beat();
		if (fds[1].revents)
			carry(a);
		if (fds[2].revents)
			carry(b);
		if (fds[0].revents) {
			struct signalfd_siginfo info;

			if (read(signals, &info, sizeof(info)) == sizeof(info))
				ended = reap(pid, &status);
		}
	}
	while (carry(a))
		;
	while (carry(b))
		;
	return status;
}

static bool folder_is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = true;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			empty = false;
	if (dir)
		closedir(dir);
	return empty;
}

/* Files below /out travel as one tar archive. */
static void carry_files(int signals)
{
	char *argv[] = {"/bin/tar", "-c", "-f", "-", "-C", "/out", ".", NULL};
	struct stream none = {.in = -1, .out = -1};
	int ends[2], status;
	pid_t pid;

	if (folder_is_empty("/out"))
		return;
	make_pipe(ends);
	pid = start(argv, ends[1], 1);
	close(ends[1]);
	files_stream.in = ends[0];
	files_stream.out = open_port("schedlab.files");
	status = carry_until_end(pid, &files_stream, &none, signals);
	if (status)
		give_up("tar of /out ended with status %d", status);
}

static void send_trailer(int status)
{
	char line[256];
	int n = snprintf(line, sizeof(line),
			 "result %d stdout %u %llu stderr %u %llu files %u %llu end\n", status,
			 crc_final(&out_stream), (unsigned long long)out_stream.length,
			 crc_final(&err_stream), (unsigned long long)err_stream.length,
			 crc_final(&files_stream), (unsigned long long)files_stream.length);

	write_all(result_port, line, (size_t)n);
}

static void run_command(char **argv, int signals)
{
	struct sched_param param = {.sched_priority = 50};
	int out[2], err[2], status;
	pid_t pid;

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		give_up("no SCHED_FIFO: %s", strerror(errno));
	result_port = open_port("schedlab.result");
	out_stream.out = open_port("schedlab.stdout");
	err_stream.out = open_port("schedlab.stderr");
	make_pipe(out);
	make_pipe(err);
	out_stream.in = out[0];
	err_stream.in = err[0];
	pid = start(argv, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	status = carry_until_end(pid, &out_stream, &err_stream, signals);
	carry_files(signals);
	send_trailer(status);
}

/* A shell that owns the console; the guest ends with it. */
static void run_shell(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int tty;

		reset_signals();
		setsid();
		tty = open("/dev/ttyS0", O_RDWR);
		if (tty < 0)
			tty = open("/dev/console", O_RDWR);
		if (tty < 0)
			_exit(126);
		ioctl(tty, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(tty, fd);
		execl("/bin/sh", "sh", NULL);
		_exit(127);
	}
	while (waitpid(-1, &status, 0) != pid)
		;
}

int main(void)
{
	static char *argv[MAX_ARGS + 1];
	sigset_t child;
	int signals;

	crc_init();
	mount_all();
	loopback_up();
	setenv("PATH", "/with:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C", 1);
	setenv("SCHEDLAB_GUEST", "1", 1);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		give_up("no signalfd: %s", strerror(errno));
	if (read_command(argv))
		run_command(argv, signals);
	else
		run_shell();
	power_off();
}
