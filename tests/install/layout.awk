# SPDX-License-Identifier: MIT
# layout.awk - from headers, a C program that prints the size of each struct, where its fields are,
# and the values of the constants: what a compiled program relies on.
#
# Of the public headers these are the structs rill_ and the enums. With -v format=FILE they are the
# structs rilli_ and the macros of that file, the format in shared memory; masks of what this version
# knows grow with it, so they are left out.

BEGIN {
  structs = "^struct " (format ? "rilli_" : "rill_") "[a-z_]+ [{]"
  header = format ? "\"" format "\"" : "<rill/rill.h>"
}

FNR == 1 { block = "" }

function emit(line) {
  body = body line "\n"
}

format && /^#define RILLI_[A-Z_]+ / && NF > 2 && $2 !~ /_KNOWN$/ {
  emit("  printf(\"" $2 " %llu\\n\", (unsigned long long)" $2 ");")
}

$0 ~ structs {
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

# A struct without a name inside: its own fields are left out.
block != "" && text ~ /[{]/ {
  if (text !~ /[}]/)
    next
  sub(/.*[}]/, "", text)
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
  print "#include " header "\n#include <stdio.h>\nint main(void) {\n" body "  return 0;\n}"
}
