/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a trace must give under known disciplines, job by job, and the closed forms of queueing theory. Servers are
 * alike, a job uses one of them at a time, there is no cost of switching. Inner header of the load room.
 */
#ifndef SCHEDLAB_WORKLOADS_ORACLE_H
#define SCHEDLAB_WORKLOADS_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/spec.h"

/* Arrivals (not falling) and services of @count jobs, ns. */
struct oracle_jobs {
	const uint64_t *arrival_ns;
	const uint64_t *service_ns;
	size_t count;
	unsigned int servers;
};

/*
 * Each writes the sojourn (arrival to completion) of job i into sojourn_ns[i]. Returns 0 or -ENOMEM.
 * FCFS: a job starts on the server that is free first (Kiefer and Wolfowitz 1955).
 * PS: each of n jobs gets min(1, servers / n) of a server, at once; virtual time as in Parekh and Gallager 1993.
 * SRPT: the jobs with the least left to do run, preemptively (Schrage 1968); ties go to the earlier arrival.
 */
int oracle_fcfs(const struct oracle_jobs *jobs, uint64_t *sojourn_ns);
int oracle_ps(const struct oracle_jobs *jobs, uint64_t *sojourn_ns);
int oracle_srpt(const struct oracle_jobs *jobs, uint64_t *sojourn_ns);

/* The most jobs of @class outstanding at once under FCFS or PS alone on the trace's servers. */
size_t oracle_max_outstanding(const struct trace *trace, uint32_t class);

/*
 * Mean sojourns in ns for Poisson arrivals of @rate a ns; infinite where the servers cannot keep up.
 * M/M/1 and M/M/c (Erlang C): Kleinrock, "Queueing Systems" vol. 1, 1975; M/G/1: Pollaczek and Khinchine;
 * M/G/1-PS: Kleinrock 1967, insensitive to the distribution.
 */
double closed_mm1(double rate, double mean_ns);
double closed_mmc(double rate, double mean_ns, unsigned int servers);
double closed_mg1(double rate, double mean_ns, double second_moment);
double closed_mg1_ps(double rate, double mean_ns);
/* Probability that an arrival must wait in M/M/c (Erlang C), for an offered load of rate * mean. */
double erlang_c(double offered, unsigned int servers);

#endif
