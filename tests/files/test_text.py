from mmskel.files.text import csv_cell, printable


def test_control_characters_do_not_reach_the_terminal():
    assert printable('a\x1b[2Jb\x07\r\x9b\ud800\nc') == 'a\\x1b[2Jb\\x07\\r\\x9b\\ud800\nc'
    assert printable('Straße 漢字') == 'Straße 漢字'


def test_a_spreadsheet_runs_no_formula():
    assert csv_cell('=HYPERLINK("x")') == "'=HYPERLINK(\"x\")"
    assert csv_cell('@sum') == "'@sum" and csv_cell('+x') == "'+x" and csv_cell('\tx') == "'\tx"
    assert csv_cell('-1.5') == '-1.5' and csv_cell(-1) == -1 and csv_cell('wave') == 'wave' and csv_cell('') == ''
