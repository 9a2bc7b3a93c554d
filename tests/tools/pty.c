// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command on a terminal of its own, types to it, and prints the screen as a VT100 would show it:
 *
 *	pty ROWS COLUMNS [TEXT KEYS]... -- COMMAND [ARGS]
 *
 * Each KEYS is typed when TEXT stands on the screen and nothing has come for 200 ms; "\e" in it is an escape character. The screen is printed before
 * each typing and at the end, each line with a number, under a line "screen N". Ends with the command's status, or 99
 * where a TEXT never came. Knows only what ncurses says to a VT100.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS_MAX    100
#define COLUMNS_MAX 300
#define QUIET_MS    200

static char screen[ROWS_MAX][COLUMNS_MAX + 1];
static int rows, columns, row, column;

/* The state of an escape sequence that is coming in. */
static enum {
	TEXT,
	ESCAPE,
	CONTROL,
	CHARSET
} state;
static int numbers[8], nr_numbers;

static int number(int at, int otherwise)
{
	return at < nr_numbers && numbers[at] ? numbers[at] : otherwise;
}

static void clamp(void)
{
	row = row < 0 ? 0 : row >= rows ? rows - 1 : row;
	column = column < 0 ? 0 : column >= columns ? columns - 1 : column;
}

static void blank(int r, int from, int to)
{
	for (int c = from; c < to; c++)
		screen[r][c] = ' ';
}

static void erase_display(int how)
{
	for (int r = 0; r < rows; r++)
		if (how == 2 || (how == 0 && r > row) || (how == 1 && r < row))
			blank(r, 0, columns);
	blank(row, how == 0 ? column : 0, how == 1 ? column + 1 : columns);
}

static void control(char c)
{
	switch (c) {
	case 'H':
	case 'f':
		row = number(0, 1) - 1;
		column = number(1, 1) - 1;
		break;
	case 'A':
		row -= number(0, 1);
		break;
	case 'B':
		row += number(0, 1);
		break;
	case 'C':
		column += number(0, 1);
		break;
	case 'D':
		column -= number(0, 1);
		break;
	case 'J':
		erase_display(number(0, 0));
		break;
	case 'K':
		blank(row, number(0, 0) == 0 ? column : 0,
		      number(0, 0) == 1 ? column + 1 : columns);
		break;
	default: /* attributes, modes, scroll region */
		break;
	}
	clamp();
}

static void line_feed(void)
{
	if (++row < rows)
		return;
	row = rows - 1;
	memmove(screen[0], screen[1], sizeof(screen[0]) * (size_t)(rows - 1));
	blank(row, 0, columns);
}

static void plain(char c)
{
	if (c == '\r') {
		column = 0;
	} else if (c == '\n') {
		line_feed();
	} else if (c == '\b') {
		column -= column > 0;
	} else if (c == '\t') {
		column = (column / 8 + 1) * 8;
		clamp();
	} else if ((unsigned char)c >= ' ') {
		if (column == columns) {
			column = 0;
			line_feed();
		}
		screen[row][column++] = c;
	}
}

static void feed(char c)
{
	switch (state) {
	case TEXT:
		if (c == '\033')
			state = ESCAPE;
		else
			plain(c);
		break;
	case ESCAPE:
		nr_numbers = 0;
		memset(numbers, 0, sizeof(numbers));
		state = c == '[' ? CONTROL : c == '(' || c == ')' ? CHARSET : TEXT;
		break;
	case CHARSET:
		state = TEXT;
		break;
	case CONTROL:
		if (isdigit((unsigned char)c)) {
			if (!nr_numbers)
				nr_numbers = 1;
			if (numbers[nr_numbers - 1] < 10000)
				numbers[nr_numbers - 1] = numbers[nr_numbers - 1] * 10 + c - '0';
		} else if (c == ';') {
			nr_numbers += !nr_numbers;
			nr_numbers += nr_numbers < 8;
		} else if (c != '?') {
			control(c);
			state = TEXT;
		}
		break;
	}
}

static void print_screen(int n)
{
	printf("screen %d\n", n);
	for (int r = 0; r < rows; r++) {
		int end = columns;

		while (end && screen[r][end - 1] == ' ')
			end--;
		printf("%02d|%.*s\n", r + 1, end, screen[r]);
	}
	fflush(stdout);
}

static bool shows(const char *text)
{
	for (int r = 0; r < rows; r++)
		if (strstr(screen[r], text))
			return true;
	return false;
}

static void type(int fd, const char *keys)
{
	for (; *keys; keys++) {
		char c = *keys;

		if (c == '\\' && keys[1] == 'e') {
			c = '\033';
			keys++;
		}
		if (write(fd, &c, 1) != 1)
			return;
	}
}

int main(int argc, char **argv)
{
	int at = 3, last, fd, status, screens = 0;
	struct winsize size = {0};
	char buffer[4096];
	pid_t pid;

	for (last = at; last < argc && strcmp(argv[last], "--") != 0; last++)
		;
	if (argc < 5 || last + 1 >= argc || (last - at) % 2) {
		fprintf(stderr, "usage: pty ROWS COLUMNS [TEXT KEYS]... -- COMMAND\n");
		return 2;
	}
	rows = (int)strtol(argv[1], NULL, 10);
	columns = (int)strtol(argv[2], NULL, 10);
	if (rows < 2 || rows > ROWS_MAX || columns < 2 || columns > COLUMNS_MAX)
		return 2;
	for (int r = 0; r < rows; r++)
		blank(r, 0, columns);
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)columns;
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid < 0)
		return 1;
	if (!pid) {
		execvp(argv[last + 1], argv + last + 1);
		_exit(127);
	}
	for (;;) {
		bool waiting = at < last && shows(argv[at]);
		struct pollfd in = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (waiting && poll(&in, 1, QUIET_MS) == 0) {
			print_screen(++screens);
			type(fd, argv[at + 1]);
			at += 2;
			continue;
		}
		n = read(fd, buffer, sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			feed(buffer[i]);
	}
	print_screen(++screens);
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	if (at < last)
		return 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
