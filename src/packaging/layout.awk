# SPDX-License-Identifier: MIT
# layout.awk - from headers, a C program that prints the size of each struct, where its fields are,
# and the values of the constants: what a compiled program relies on.
#
# Of the public headers these are the structs rill_ and the enums. With -v format=FILE they are the
# structs rilli_ and the macros of that file, the format in shared memory; masks of what this version
# knows grow with it, so they are left out. With -v body_alone=1 there are only the lines of its body, which
# are CONSTANT(name), STRUCT(name) and FIELD(struct, name), for another program to include.

BEGIN {
  structs = "^struct " (format ? "rilli_" : "rill_") "[a-z_]+ [{]"
  header = format ? "\"" format "\"" : "<rill/rill.h>"
}

FNR == 1 { block = "" }

function emit(line) {
  body = body line "\n"
}

format && /^#define RILLI_[A-Z_]+ / && NF > 2 && $2 !~ /_KNOWN$/ {
  emit("CONSTANT(" $2 ")")
}

$0 ~ structs {
  block = $2
  emit("STRUCT(" block ")")
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
    emit("CONSTANT(" name ")")
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
    emit("FIELD(" block ", " fields[i] ")")
  }
  text = ""
}

END {
  if (body_alone) {
    printf "%s", body
    exit
  }
  print "#include " header "\n#include <stddef.h>\n#include <stdio.h>"
  print "#define CONSTANT(name) printf(#name \" %llu\\n\", (unsigned long long)(name));"
  print "#define STRUCT(name) printf(\"struct \" #name \" %zu\\n\", sizeof(struct name));"
  print "#define FIELD(within, name) printf(\"  \" #name \" %zu %zu\\n\", \\"
  print "  offsetof(struct within, name), sizeof(((struct within *)0)->name));"
  print "int main(void) {\n" body "  return 0;\n}"
}
