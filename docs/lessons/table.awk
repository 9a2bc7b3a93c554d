# Lines of tab-separated cells as a table: the first column to the left, the others to the right.
BEGIN { FS = "\t" }
{
	rows = NR
	for (i = 1; i <= NF; i++) {
		cell[NR, i] = $i
		if (length($i) > width[i]) width[i] = length($i)
	}
	columns = NF > columns ? NF : columns
}
END {
	for (r = 1; r <= rows; r++) {
		line = sprintf("%-" width[1] "s", cell[r, 1])
		for (i = 2; i <= columns; i++) line = line sprintf("  %" width[i] "s", cell[r, i])
		sub(/ +$/, "", line)
		print line
	}
}
