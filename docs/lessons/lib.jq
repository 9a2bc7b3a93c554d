# What the lessons ask of result files: include with `jq -L docs/lessons 'include "lib"; …'`.

# The greatest value of bucket $i (docs/result.md, "Histogram").
def bucket_high($sub_bits; $i):
	pow(2; $sub_bits) as $n |
	if $i < $n then $i
	else (($i / $n | floor) - 1) as $e | ($n + $i % $n + 1) * pow(2; $e) - 1
	end;

# The $q quantile of a histogram, as docs/measurement.md says.
def quantile($q):
	. as $h | ([$q * .count | ceil, 1] | max) as $rank |
	reduce .buckets[] as [$i, $n] ({seen: 0};
		if .value == null then .seen += $n |
			if .seen >= $rank then .value = bucket_high($h.sub_bits; $i) else . end
		else . end) |
	[.value, $h.max] | min;

def mean: if .count == 0 then 0 else .sum / .count end;

# A number with three digits.
def digits3:
	if . == 0 then "0"
	else (fabs | log10 | floor) as $e | (if $e >= 2 then 0 else 2 - $e end) as $places |
		(. * pow(10; $places) | round) as $whole |
		if $places == 0 then "\($whole)"
		else (if $whole < 0 then "-" else "" end) as $sign | ($whole | fabs | floor | tostring) as $s |
			("0" * ([$places + 1 - ($s | length), 0] | max) // "") as $zeros | ($zeros + $s) as $d |
			$sign + $d[:-$places] + "." + $d[-$places:]
		end
	end;
def ms: . / 1e6 | digits3;
def us: . / 1e3 | digits3;

def class($name): .classes[] | select(.name == $name);
