/* bench.c: what one program costs against a floor, in the same run.
 *
 *     bench init                   loads libsasl2's plugins (SASL_PATH) and ends
 *     bench NAME COUNT FLOOR [ARGUMENT...] -- COMMAND [ARGUMENT...]
 *
 * runs FLOOR and COMMAND in turns, COUNT times each, and prints the median wall times and their
 * ratio. A word of the form NAME=VALUE before a command goes into its environment. */
#include <sasl/sasl.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COUNT_MAX = 10000 };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double run(char **command)
{
	double began = now();
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = open("/dev/null", O_WRONLY);

		dup2(fd, STDOUT_FILENO);
		while (strchr(*command, '=') != NULL)
			putenv(*command++);
		execvp(*command, command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "bench: %s failed\n", *command);
		exit(1);
	}
	return now() - began;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *times, int count)
{
	qsort(times, (size_t)count, sizeof(*times), compare);
	return times[count / 2];
}

static int init(void)
{
	if (sasl_client_init(NULL) != SASL_OK)
		return 1;
	sasl_client_done();
	return 0;
}

int main(int argc, char **argv)
{
	static double floors[COUNT_MAX], costs[COUNT_MAX];
	int split = 3, count;
	double low, high;

	if (argc == 2 && strcmp(argv[1], "init") == 0)
		return init();
	while (split < argc && strcmp(argv[split], "--") != 0)
		split++;
	if (split + 1 >= argc || (count = atoi(argv[2])) < 1 || count > COUNT_MAX) {
		fputs("usage: bench NAME COUNT FLOOR... -- COMMAND...\n", stderr);
		return 64;
	}
	argv[split] = NULL;
	for (int i = 0; i < count; i++) {
		floors[i] = run(argv + 3);
		costs[i] = run(argv + split + 1);
	}
	low = median(floors, count);
	high = median(costs, count);
	printf("%-44s %8.3f ms   floor %8.3f ms   ratio %6.2f\n", argv[1], high, low, high / low);
	return 0;
}
