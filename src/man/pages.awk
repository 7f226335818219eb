# SPDX-License-Identifier: MIT
# pages.awk - makes the manual of the functions from the public headers: a page for each comment
# that stands over functions (RILL_API), and rill.7 from its template. POSIX awk.
#
# awk -v out=DIR -v version=V -v template=rill.7.in -f pages.awk HEADER...
#
# A comment over a function has this order; a missing part fails the build:
#
#   /* What it does, in a sentence; more of it in further ones.
#    * parameter: what it is; its next lines begin with spaces.
#    * Returns what, if it is not 0.
#    * Ordering: ... Progress: ... Contexts: ...
#    * Errors: -EONE (when), -ETWO or -ETHREE (when), as rill_other. More of them.
#    * Since 0.1. */
#
# Structs that are in the prototype, and enums whose constants are mentioned, come with it.

function fail(message) {
  printf "%s:%d: %s\n", FILENAME, FNR, message >"/dev/stderr"
  failed = 1
}

# Text for roff, with C names in bold.
function escape(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/'/, "\\(aq", text)
  gsub(/`/, "\\(ga", text)
  gsub(/\^/, "\\(ha", text)
  gsub(/~/, "\\(ti", text)
  return text
}

function bold(text,   result, word) {
  result = ""
  while (match(text, /RILL_[A-Z_]*[A-Z*]|rill_[a-z_]+|\\-E[A-Z][A-Z0-9]+/)) {
    word = substr(text, RSTART, RLENGTH)
    result = result substr(text, 1, RSTART - 1) "\\fB" word "\\fR"
    text = substr(text, RSTART + RLENGTH)
  }
  return result text
}

# Words in lines of at most 78 bytes; no line becomes a request by accident.
function fill(text, file,   words, n, i, line) {
  n = split(bold(escape(text)), words, / +/)
  line = ""
  for (i = 1; i <= n; i++) {
    if (line != "" && length(line) + 1 + length(words[i]) > 78) {
      print (line ~ /^\./ ? "\\&" : "") line >file
      line = ""
    }
    line = line (line == "" ? "" : " ") words[i]
  }
  if (line != "")
    print (line ~ /^\./ ? "\\&" : "") line >file
}

# Lines as they are.
function display(text, file) {
  text = escape(text)
  sub(/\n$/, "", text)
  print ".in +4n\n.EX\n" text "\n.EE\n.in" >file
}

function capital(text) {
  return toupper(substr(text, 1, 1)) substr(text, 2)
}

# The first sentence, up to its details, as the line of NAME.
function summary_of(text,   word) {
  if (match(text, /[.:;] | \(|\.$/))
    text = substr(text, 1, RSTART - 1)
  word = text
  sub(/ .*/, "", word)
  return word == toupper(word) && length(word) > 1 ? text : tolower(substr(text, 1, 1)) substr(text, 2)
}

# The text of a comment without its frame.
function unframe(comment,   lines, n, i, result) {
  n = split(comment, lines, "\n")
  result = ""
  for (i = 1; i <= n; i++) {
    sub(/^(\/\*| \*)/, "", lines[i])
    sub(/\*\/ *$/, "", lines[i])
    sub(/^ /, "", lines[i])
    sub(/ +$/, "", lines[i])
    result = result (i > 1 ? "\n" : "") lines[i]
  }
  sub(/\n$/, "", result)
  return result
}

# Splits the comment of page `first`: parameters, then the parts with a keyword.
function take_apart(first, text, prototype,   lines, n, i, name, flow, in_parameter, key, rest, order) {
  n = split(text, lines, "\n")
  flow = ""
  in_parameter = 0
  for (i = 1; i <= n; i++) {
    name = lines[i]
    if (name ~ /^[a-z_]+: / && sub(/: .*/, "", name) && prototype ~ ("[ *]" name "[,)]")) {
      parameter_name[first, ++parameters[first]] = name
      parameter_text[first, parameters[first]] = substr(lines[i], length(name) + 3)
      in_parameter = 1
    } else if (in_parameter && lines[i] ~ /^  /) {
      parameter_text[first, parameters[first]] = parameter_text[first, parameters[first]] lines[i]
    } else {
      in_parameter = 0
      sub(/^ +/, "", lines[i])
      flow = flow (flow == "" ? "" : " ") lines[i]
    }
  }
  for (i = 1; i <= parameters[first]; i++)
    gsub(/  +/, " ", parameter_text[first, i])
  if (!match(flow, / Since [0-9]+\.[0-9]+\.$/))
    fail(first ": the comment does not end with \"Since VERSION.\"")
  part[first, "Since"] = substr(flow, RSTART + 7)
  flow = substr(flow, 1, RSTART - 1)
  key = "What"
  while (match(flow, / (Returns |Ordering: |Progress: |Contexts: |Errors: )/)) {
    part[first, key] = substr(flow, 1, RSTART - 1)
    rest = substr(flow, RSTART + RLENGTH)
    name = substr(flow, RSTART + 1, RLENGTH - 1)
    sub(/:? $/, "", name)
    if (order_of[name] <= order_of[key])
      fail(first ": " name " comes after " key)
    key = name
    flow = rest
  }
  part[first, key] = flow
}

# The list of errors as items "codes TAB text", one a line; the text after it is the last, "TAB text".
function list_errors(text,   depth, i, c, item, result) {
  depth = 0
  item = result = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c == "(")
      depth++
    else if (c == ")")
      depth--
    if (depth == 0 && (c == "," || c == ";") && substr(text, i + 1) ~ /^ (-E[A-Z]|as rill_)/) {
      result = result error_item(item)
      item = ""
      i++
    } else if (depth == 0 && c == "." && (i == length(text) || substr(text, i + 1, 1) == " ")) {
      result = result error_item(item)
      rest_of_errors = substr(text, i + 2)
      return result
    } else {
      item = item c
    }
  }
  fail("the errors do not end with a full stop: " text)
  return result
}

function error_item(item,   codes, text) {
  if (item ~ /^as rill_[a-z_]+$/)
    return item "\n"
  if (!match(item, /^-E[A-Z0-9]+( or -E[A-Z0-9]+)*/))
    fail("what is this error: " item)
  codes = substr(item, 1, RLENGTH)
  text = substr(item, RLENGTH + 2)
  if (text ~ /^\(.*\)$/)
    text = substr(text, 2, length(text) - 2)
  if (text == "")
    text = usual[codes]
  if (text == "")
    fail(codes " needs its reason, in parentheses")
  return codes "\t" text "\n"
}

# `seen`: the codes that are already on the page.
function print_errors(first, file, seen,   lines, n, i, columns) {
  n = split(errors[first], lines, "\n")
  for (i = 1; i < n; i++)
    if (sub(/^as /, "", lines[i])) {
      if (!(lines[i] in page_of))
        fail(first ": the errors are as those of " lines[i] ", which there is not")
      else
        print_errors(page_of[lines[i]], file, seen own_codes(first))
    } else {
      split(lines[i], columns, "\t")
      if (seen ~ (" " columns[1] " "))
        continue
      print ".TP\n.B " escape(columns[1]) >file
      fill(capital(columns[2]) ".", file)
    }
}

# The codes for which the comment has words of its own.
function own_codes(first,   lines, n, i, columns, result) {
  n = split(errors[first], lines, "\n")
  result = " "
  for (i = 1; i < n; i++)
    if (split(lines[i], columns, "\t") > 1)
      result = result columns[1] " "
  return result
}

function add_block(first, kind, name) {
  if (index(blocks[first], " " kind ":" name " "))
    return
  blocks[first] = blocks[first] " " kind ":" name " "
}

# Structs of the prototype, and what they hold; then enums of the constants that are mentioned.
function gather_blocks(first,   text, i, name, word, all, more) {
  text = prototypes[first] " " comments[first]
  for (more = 1; more;) {
    more = 0
    for (i = 1; i <= structs; i++) {
      name = struct_name[i]
      if (text ~ ("struct " name "[ ;)*]") && !index(blocks[first], " struct:" i " ")) {
        add_block(first, "struct", i)
        text = text " " struct_text[i]
        more = 1
      }
    }
  }
  for (i = 1; i <= enums; i++) {
    name = enum_text[i]
    while (match(name, /RILL_[A-Z_]+ = /)) {
      word = substr(name, RSTART, RLENGTH - 3)
      all = word
      sub(/[A-Z]+$/, "*", all) # as RILL_GROUP_*
      if (text ~ (word "([^A-Z_]|$)") || index(text, all))
        add_block(first, "enum", i)
      name = substr(name, RSTART + RLENGTH)
    }
  }
}

function synopsis(prototype, file,   result, word) {
  prototype = escape(prototype)
  result = ""
  while (match(prototype, /[a-z_]+[,)]/)) { # names of parameters
    word = substr(prototype, RSTART, RLENGTH - 1)
    result = result substr(prototype, 1, RSTART - 1) (word == "void" ? word : "\\fI" word "\\fB")
    result = result substr(prototype, RSTART + RLENGTH - 1, 1)
    prototype = substr(prototype, RSTART + RLENGTH)
  }
  result = result prototype
  gsub(/\n/, "\\fR\n\\fB", result)
  print "\\fB" result "\\fR" >file
}

# What is said of a block before it.
function explain(text, file) {
  if (text == "")
    return
  fill(text, file)
  print ".PP" >file
}

function section(first, key, title, file) {
  if (part[first, key] == "")
    return
  print ".SS " title >file
  fill(capital(part[first, key]), file)
}

function write_page(first,   file, names, n, i, chosen, item) {
  file = out "/" first ".3"
  printf ".\\\" Made by pages.awk from %s.\n.TH %s 3 \"\" \"Rill %s\" \"Rill Manual\"\n.nh\n", header_of[first],
    first, version >file
  print ".SH NAME" >file
  names = functions[first]
  gsub(/ /, ", ", names)
  print names " \\- " escape(summary_of(part[first, "What"])) >file
  print ".SH SYNOPSIS\n.nf\n.B #include <rill/rill.h>\n.PP" >file
  synopsis(prototypes[first], file)
  print ".fi\n.SH DESCRIPTION" >file
  fill(part[first, "What"], file)
  for (i = 1; i <= parameters[first]; i++) {
    print ".TP\n.I " parameter_name[first, i] >file
    fill(capital(parameter_text[first, i]), file)
  }
  section(first, "Ordering", "Ordering", file)
  section(first, "Progress", "Progress", file)
  section(first, "Contexts", "Contexts", file)
  gather_blocks(first)
  n = split(blocks[first], chosen, / +/)
  for (i = 1; i <= n; i++) {
    split(chosen[i], item, ":")
    if (item[1] == "struct") {
      print ".SS struct " struct_name[item[2]] >file
      explain(struct_comment[item[2]], file)
      display(struct_text[item[2]], file)
    } else if (item[1] == "enum") {
      print ".SS Constants" >file
      explain(enum_comment[item[2]], file)
      display(enum_text[item[2]], file)
    }
  }
  if (prototypes[first] ~ /^int /) {
    print ".SH \"RETURN VALUE\"" >file
    fill(capital(part[first, "Returns"] == "" ? "0." : part[first, "Returns"]), file)
    fill("On failure a negative errno value; rill_error(3) has it in words.", file)
  }
  print ".SH ERRORS" >file
  if (errors[first] == "")
    fill("None.", file)
  else {
    print_errors(first, file, "")
    if (errors_rest[first] != "") {
      print ".PP" >file
      fill(errors_rest[first], file)
    }
  }
  print ".SH HISTORY" >file
  fill("Since version " part[first, "Since"], file)
  see_also(first, file)
  close(file)
}

# rill(7), the functions that the comment names, and the others of the header.
function see_also(first, file,   text, i, list) {
  print ".SH \"SEE ALSO\"" >file
  list = ""
  text = comments[first]
  for (i = 1; i <= pages; i++)
    if (page[i] != first && (header_of[page[i]] == header_of[first] ||
        text ~ ("(^|[^a-z_])" page[i] "([^a-z_]|$)")))
      list = list ".BR " page[i] " (3),\n"
  print list ".BR rill (7)" >file
}

function write_links(   name, file) {
  for (name in page_of)
    if (page_of[name] != name) {
      file = out "/" name ".3"
      print ".so man3/" page_of[name] ".3" >file
      close(file)
    }
}

function list_pages(file,   i, header) {
  header = ""
  for (i = 1; i <= pages; i++) {
    if (header_of[page[i]] != header) {
      header = header_of[page[i]]
      print ".SS <rill/" header ">" >file
      fill(about_header[header], file)
    }
    sub(/ .*/, "", functions[page[i]])
    print ".TP\n.BR " page[i] " (3)" >file
    fill(capital(summary_of(part[page[i], "What"])) ".", file)
  }
}

# rill.7: @FUNCTIONS@ is their list, @MATRIX@ the table of the umbrella header.
function write_overview(   file, line) {
  file = out "/rill.7"
  while ((getline line <template) > 0) {
    if (line == "@FUNCTIONS@")
      list_pages(file)
    else if (line == "@MATRIX@")
      display(matrix, file)
    else {
      gsub(/@VERSION@/, version, line)
      print line >file
    }
  }
  close(file)
}

BEGIN {
  split("What Returns Ordering Progress Contexts Errors", keys, " ")
  for (i in keys)
    order_of[keys[i]] = i + 0
  usual["-EINVAL"] = "an argument is not valid"
  usual["-EACCES"] = "file modes do not allow it"
  usual["-EPERM"] = "the owner or the mode of a file or directory is not to be trusted"
  usual["-ENOMEM"] = "there is no memory left in this process"
  usual["-EMFILE"] = "this process, or the system, has too many files open"
  usual["-ECHILD"] = "the handle is a parent's: it was opened before fork"
  usual["-ESTALE"] = "the queue was removed, or is not what it was"
  usual["-EPROTO"] = "shared memory holds invalid bytes"
  usual["-EPROTOTYPE"] = "the queue carries another type of message"
  usual["-EINTR"] = "a signal handler ran while waiting"
  usual["-ETIMEDOUT"] = "the deadline has passed"
  usual["-EEXIST"] = "there is one already"
  usual["-ENOENT"] = "there is none of that name"
  usual["-ENOSPC"] = "there is no room"
  usual["-EBUSY"] = "another process or thread has it"
  usual["-EAGAIN"] = "it would have to wait"
}

FNR == 1 {
  header = FILENAME
  sub(/.*\//, "", header)
  comment = ""
}

# A comment at the margin, whole.
/^\/\*/ {
  comment = $0
  while (comment !~ /\*\/ *$/ && (getline line) > 0)
    comment = comment "\n" line
  comment = unframe(comment)
  if (FNR > 1 && !(header in about_header) && comment ~ /^rill\//) {
    about_header[header] = comment
    sub(/^rill\/[a-z]*\.h - /, "", about_header[header])
    sub(/\.\n.*|\n\n.*/, ".", about_header[header])
    gsub(/\n/, " ", about_header[header])
    about_header[header] = capital(about_header[header])
    if (header == "rill.h")
      matrix_of(comment)
    comment = ""
  }
  next
}

# The lines of the table that the umbrella header has.
function matrix_of(text,   lines, n, i) {
  n = split(text, lines, "\n")
  for (i = 1; i <= n; i++)
    if (lines[i] ~ /\||-\+-/) {
      sub(/^  /, "", lines[i])
      matrix = matrix lines[i] "\n"
    }
}

/^(struct rill_[a-z_]+|enum) \{/ {
  kind = $1
  block = $0 "\n"
  while (block !~ /\n};/ && block !~ /^[^\n]*};/ && (getline line) > 0)
    block = block line "\n"
  flat = comment
  gsub(/\n/, " ", flat)
  if (kind == "enum") {
    enum_text[++enums] = block
    enum_comment[enums] = flat
  } else {
    struct_text[++structs] = block
    struct_name[structs] = $2
    struct_comment[structs] = flat
  }
  comment = ""
  next
}

/^RILL_API / {
  prototype = substr($0, 10)
  while (prototype !~ /;/ && (getline line) > 0) {
    sub(/^         /, "", line)
    prototype = prototype "\n" line
  }
  match(prototype, /rill_[a-z_]+\(/)
  name = substr(prototype, RSTART, RLENGTH - 1)
  if (comment == "" && !(header in last_of)) {
    fail(name " has no comment")
    next
  }
  if (comment != "") {
    first = name
    page[++pages] = first
    header_of[first] = header
    comments[first] = comment
    take_apart(first, comment, prototype)
    rest_of_errors = ""
    if (part[first, "Errors"] != "")
      errors[first] = list_errors(part[first, "Errors"])
    else if (prototype ~ /^int /)
      fail(first ": an int and no \"Errors:\"")
    errors_rest[first] = rest_of_errors
    functions[first] = name
    prototypes[first] = prototype
    last_of[header] = first
  } else {
    first = last_of[header]
    functions[first] = functions[first] " " name
    prototypes[first] = prototypes[first] "\n" prototype
  }
  page_of[name] = first
  comment = ""
  next
}

/^#|^typedef|^extern/ { comment = "" }

END {
  if (failed)
    exit 1
  for (i = 1; i <= pages; i++)
    write_page(page[i])
  write_links()
  write_overview()
  if (failed)
    exit 1
}
