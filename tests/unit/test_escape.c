// SPDX-License-Identifier: GPL-2.0
/* Unit tests of observe/escape: hostile names stay well-formed in every format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "lib/rng.h"
#include "observe/escape.h"

static void expect(enum escape_format format, const char *text, const char *want)
{
	char out[256];

	assert_string_equal(escape_name(format, text, out, sizeof(out)), want);
}

static void plain_names_stay(void **state)
{
	for (int f = ESCAPE_TERMINAL; f <= ESCAPE_PROMETHEUS; f++) {
		expect((enum escape_format)f, "kworker/0:1-events", "kworker/0:1-events");
		expect((enum escape_format)f, "Grüße 日本 🐧", "Grüße 日本 🐧");
	}
}

static void separators_and_quotes(void **state)
{
	expect(ESCAPE_FOLDED, "a;b c 7", "a\\x3bb c 7");
	expect(ESCAPE_FOLDED, "a\nmain 9", "a\\x0amain 9");
	expect(ESCAPE_XML, "</text><script>\"'&", "&lt;/text&gt;&lt;script&gt;&quot;&#39;&amp;");
	expect(ESCAPE_JSON, "\"}\\", "\\\"}\\\\");
	expect(ESCAPE_DOT, "\"];x", "\\\"];x");
	expect(ESCAPE_PROMETHEUS, "a\"} 1\nb", "a\\\"} 1\\\\x0ab");
}

static void terminal_sequences(void **state)
{
	expect(ESCAPE_TERMINAL, "\033[2Jx\x07", "\\x1b[2Jx\\x07");
	expect(ESCAPE_TERMINAL,
	       "\xc2\x9b"
	       "2J",
	       "\\xc2\\x9b2J"); /* CSI of C1 */
	expect(ESCAPE_TERMINAL,
	       "a\xe2\x80\xae"
	       "b",
	       "a\\xe2\\x80\\xaeb"); /* right-to-left override */
}

static void broken_utf8(void **state)
{
	expect(ESCAPE_XML, "\xff\xfe", "\\xff\\xfe");
	expect(ESCAPE_XML, "\xc0\xaf", "\\xc0\\xaf");			   /* overlong '/' */
	expect(ESCAPE_JSON, "\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80");	   /* surrogate */
	expect(ESCAPE_FOLDED, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
	expect(ESCAPE_DOT, "abc\xe6\x97", "abc\\\\xe6\\\\x97"); /* cut by the 15 bytes of a comm */
}

static void nul_bytes_and_lengths(void **state)
{
	char out[8];

	assert_int_equal(escape_bytes(ESCAPE_XML, "a\0b", 3, out, sizeof(out)), 6);
	assert_string_equal(out, "a\\x00b");
	/* Cut before the entity that does not fit, never inside it. */
	assert_int_equal(escape_bytes(ESCAPE_XML, "abcde<", 6, out, sizeof(out)), 9);
	assert_string_equal(out, "abcde");
	/* Nothing after the cut either, although it would fit. */
	assert_int_equal(escape_bytes(ESCAPE_XML, "abcde<x", 7, out, sizeof(out)), 10);
	assert_string_equal(out, "abcde");
	assert_int_equal(escape_bytes(ESCAPE_XML, "x", 1, NULL, 0), 1);
}

/* Random bytes: JSON must parse back, the others must hold no byte that the format gives a meaning to. */
static void random_bytes(void **state)
{
	struct rng rng;

	rng_seed(&rng, 4, 1);
	for (int round = 0; round < 20000; round++) {
		char text[17], out[128], json[160];
		size_t len = rng_below(&rng, sizeof(text));
		json_t *value;

		for (size_t i = 0; i < len; i++)
			text[i] = (char)rng_u64(&rng);
		assert_true(escape_bytes(ESCAPE_JSON, text, len, out, sizeof(out)) < sizeof(out));
		snprintf(json, sizeof(json), "[\"%s\"]", out);
		value = json_loads(json, 0, NULL);
		assert_non_null(value);
		json_decref(value);
		escape_bytes(ESCAPE_XML, text, len, out, sizeof(out));
		assert_null(strpbrk(out, "<>\"'\n\r\t\033"));
		escape_bytes(ESCAPE_FOLDED, text, len, out, sizeof(out));
		assert_null(strpbrk(out, ";\n\r\t\033"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_names_stay),	 cmocka_unit_test(separators_and_quotes),
		cmocka_unit_test(terminal_sequences),	 cmocka_unit_test(broken_utf8),
		cmocka_unit_test(nul_bytes_and_lengths), cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
