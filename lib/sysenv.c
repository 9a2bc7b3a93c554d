// SPDX-License-Identifier: GPL-2.0
/* What this machine is, see lib/sysenv.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/fileio.h"
#include "lib/sysenv.h"

#define CPUINFO_MAX (16 << 20)
#define SCX_SYSFS   "/sys/kernel/sched_ext"

static json_t *line_or_null(const char *path)
{
	char line[256];
	json_t *text;

	if (file_read_line(path, line, sizeof(line)))
		return json_null();
	text = json_string(line);
	return text ? text : json_null();
}

static enum evidence evidence_by_name(const char *name, size_t length)
{
	static const enum evidence all[] = {EVIDENCE_METAL, EVIDENCE_KVM, EVIDENCE_TCG,
					    EVIDENCE_ICOUNT};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strlen(sysenv_evidence_name(all[i])) == length &&
		    !strncmp(sysenv_evidence_name(all[i]), name, length))
			return all[i];
	/* A word we do not know proves nothing about time. */
	return EVIDENCE_TCG;
}

static bool cpuinfo_has_hypervisor(void)
{
	char *text;
	bool found;

	if (file_read("/proc/cpuinfo", CPUINFO_MAX, &text, NULL))
		return false;
	found = strstr(text, " hypervisor") != NULL;
	free(text);
	return found;
}

enum evidence sysenv_evidence(void)
{
	static const char key[] = "schedlab.evidence=";
	char line[4096], *value;

	if (!file_read_line("/proc/cmdline", line, sizeof(line))) {
		value = strstr(line, key);
		if (value && (value == line || value[-1] == ' ')) {
			value += sizeof(key) - 1;
			return evidence_by_name(value, strcspn(value, " "));
		}
	}
	return cpuinfo_has_hypervisor() ? EVIDENCE_KVM : EVIDENCE_METAL;
}

const char *sysenv_evidence_name(enum evidence evidence)
{
	switch (evidence) {
	case EVIDENCE_METAL:
		return "metal";
	case EVIDENCE_KVM:
		return "kvm";
	case EVIDENCE_TCG:
		return "tcg";
	case EVIDENCE_ICOUNT:
		return "icount";
	}
	return "tcg";
}

/* The value of the first "key : value" line of /proc/cpuinfo, or null. */
static json_t *cpuinfo_value(const char *key)
{
	json_t *value = NULL;
	char *text, *line, *rest;

	if (file_read("/proc/cpuinfo", CPUINFO_MAX, &text, NULL))
		return json_null();
	for (line = strtok_r(text, "\n", &rest); line && !value;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *colon = strchr(line, ':');

		if (colon && !strncmp(line, key, strlen(key)) && strspn(line + strlen(key), " \t:"))
			value = json_string(colon[1] ? colon + 2 : "");
	}
	free(text);
	return value ? value : json_null();
}

/*
 * /sys/kernel/debug/sched/preempt marks the model in force: "none voluntary (full) lazy". A kernel whose model is fixed
 * has no such file, and says it in its version.
 */
static json_t *preemption_model(const char *version)
{
	char line[256], *open, *close;

	if (file_read_line("/sys/kernel/debug/sched/preempt", line, sizeof(line))) {
		if (strstr(version, "PREEMPT_RT"))
			return json_string("rt");
		if (strstr(version, "PREEMPT ") && !strstr(version, "PREEMPT_DYNAMIC"))
			return json_string("full");
		return json_null();
	}
	open = strchr(line, '(');
	close = open ? strchr(open, ')') : NULL;
	if (!close)
		return json_null();
	*close = '\0';
	return json_string(open + 1);
}

/* Ticks a second: the coarse clock's resolution is one tick. */
static json_t *tick_hz(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec || !tick.tv_nsec)
		return json_null();
	return json_integer((1000000000 + tick.tv_nsec / 2) / tick.tv_nsec);
}

/* Every weakness of the CPU that the kernel knows, and what it does about it. */
static json_t *mitigations(void)
{
	static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
	json_t *all = json_object();
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		json_object_set_new(all, entry->d_name, line_or_null(path));
	}
	if (dir)
		closedir(dir);
	return all;
}

/* The frequency driver's switch: Intel's says no_turbo, the others boost. */
static json_t *turbo(void)
{
	char line[16];

	if (!file_read_line("/sys/devices/system/cpu/intel_pstate/no_turbo", line, sizeof(line)))
		return json_string(line[0] == '0' ? "on" : "off");
	if (!file_read_line("/sys/devices/system/cpu/cpufreq/boost", line, sizeof(line)))
		return json_string(line[0] == '1' ? "on" : "off");
	return json_null();
}

/* What the host's own scheduling adds: the share of time stolen since boot, in clock ticks. */
static json_t *steal_ticks(void)
{
	char line[256], *at = line + 4;
	unsigned long long ticks = 0;
	int column;

	if (file_read_line("/proc/stat", line, sizeof(line)) || strncmp(line, "cpu ", 4) != 0)
		return json_null();
	/* user nice system idle iowait irq softirq steal */
	for (column = 0; column < 8; column++) {
		char *end;

		ticks = strtoull(at, &end, 10);
		if (end == at)
			return json_null();
		at = end;
	}
	return json_integer((json_int_t)ticks);
}

json_t *sysenv_to_json(void)
{
	struct utsname name = {0};

	uname(&name);
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"kernel", name.release, "kernel_build", name.version, "machine", name.machine,
		"cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "cpu_model",
		cpuinfo_value("model name"), "microcode", cpuinfo_value("microcode"), "governor",
		line_or_null("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"), "turbo",
		turbo(), "smt", line_or_null("/sys/devices/system/cpu/smt/control"), "clocksource",
		line_or_null("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
		"hz", tick_hz(), "preemption", preemption_model(name.version), "mitigations",
		mitigations(), "cmdline", line_or_null("/proc/cmdline"), "steal_ticks",
		steal_ticks());
}

bool sysenv_has_sched_ext(void)
{
	return access(SCX_SYSFS, F_OK) == 0;
}

int sysenv_active_ops(char *out, size_t size)
{
	int err;

	out[0] = '\0';
	if (!sysenv_has_sched_ext())
		return -ENOTSUP;
	/* The folder root/ is there only while a scheduler is attached. */
	err = file_read_line(SCX_SYSFS "/root/ops", out, size);
	return err == -ENOENT || err == -ENODEV ? 0 : err;
}
