# shellcheck shell=bash
# For a lesson's show.sh: what the page says in words, tested against the run, and values for its sentences. Every lesson
# is free to say "twice as much" as long as a claim here stands behind it.

# claim "SENTENCE OF THE PAGE" CONDITION: a condition of awk, with the numbers of this run in it.
claim() {
	awk "BEGIN { exit !($2) }" || echo "@! $1 ($2)"
}

# value NAME VALUE: fills <!--= NAME -->...<!--/--> in the page.
value() {
	echo "@= $1 $2"
}

# cell FILE ROW COLUMN: a number of the table that was made before, by its row's first word and its column's number.
cell() {
	awk -v row="$2" -v column="$3" '$1 == row { print $column; exit }' <<< "$1"
}
