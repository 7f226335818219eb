# SPDX-License-Identifier: MIT
# options.awk - puts the options of a program's --help in place of @OPTIONS@ in a page. POSIX awk.
#
# PROGRAM --help | awk -v version=V -v template=PAGE.in -f options.awk
# An option is a line "  [-x, ]--name [VALUE]  what it does", whose next lines are indented more.

function escape(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/'/, "\\(aq", text)
  return text
}

/^  -/ {
  text = substr($0, 3)
  left = right = text
  if (match(text, /   */)) {
    left = substr(text, 1, RSTART - 1)
    right = substr(text, RSTART + RLENGTH)
  } else
    right = ""
  options = options ".TP\n.B " escape(left) "\n"
  if (right != "")
    options = options escape(right) "\n"
  inside = 1
  next
}

inside && /^    / {
  sub(/^ +/, "")
  options = options escape($0) "\n"
  next
}

{ inside = 0 }

END {
  if (options == "") {
    print "options.awk: no options in this help" >"/dev/stderr"
    exit 1
  }
  while ((getline line < template) > 0) {
    if (line == "@OPTIONS@")
      printf "%s", options
    else {
      gsub(/@VERSION@/, version, line)
      print line
    }
  }
}
