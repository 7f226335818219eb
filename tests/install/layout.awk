# SPDX-License-Identifier: MIT
# layout.awk - from the public headers, a C program that prints the size of each public struct,
# where its fields are, and the values of the constants: what a compiled program relies on.

FNR == 1 { block = "" }

function emit(line) {
  body = body line "\n"
}

/^struct rill_[a-z_]+ \{/ {
  block = $2
  emit("  printf(\"struct " block " %zu\\n\", sizeof(struct " block "));")
  next
}

/^enum \{/ { block = "enum" }
/^}/ { block = "" }

block != "" {
  text = text $0
  while ((from = index(text, "/*")) > 0 && (to = index(text, "*/")) > 0)
    text = substr(text, 1, from - 1) substr(text, to + 2)
  if (from > 0)
    next # the comment goes on
}

block == "enum" {
  while (match(text, /RILL_[A-Z_]+ = /)) {
    name = substr(text, RSTART, RLENGTH - 3)
    emit("  printf(\"" name " %d\\n\", " name ");")
    text = substr(text, RSTART + RLENGTH)
  }
  text = ""
  next
}

# type one, *two, three[4];
block != "" && index(text, ";") {
  sub(/;.*/, "", text)
  count = split(text, fields, ",")
  for (i = 1; i <= count; i++) {
    sub(/\[.*/, "", fields[i])
    sub(/ +$/, "", fields[i])
    sub(/.*[ *]/, "", fields[i])
    emit("  printf(\"  " fields[i] " %zu %zu\\n\", offsetof(struct " block ", " fields[i] \
      "), sizeof ((struct " block " *)0)->" fields[i] ");")
  }
  text = ""
}

END {
  print "#include <rill/rill.h>\n#include <stdio.h>\nint main(void) {\n" body "  return 0;\n}"
}
