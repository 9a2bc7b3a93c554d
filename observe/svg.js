// SPDX-License-Identifier: GPL-2.0
// What the scripts of the SVGs share; stands before them in the same element.
'use strict';

// A search as typed: a regular expression, or, where it is none, literal text.
function searchPattern(text) {
	try {
		return new RegExp(text, 'i');
	} catch (e) {
		return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
	}
}

// Empty the search field, as if its reader had; all who listen to it hear of it.
function clearSearch(input) {
	input.value = '';
	input.dispatchEvent(new Event('input'));
	input.blur();
}
