# SPDX-License-Identifier: MIT
# ledger.awk - reads the ledger (shm/ORDERING.md, shm/PROTOCOL.md), the code and the models, and
# complains of everything that one says and another does not have. See ledger.sh.
#
# References are written `name() in file.c`, several of one file `a(), b() and c() in file.c`.

function complain(text) {
  print text
  bad++
}

function base(path) {
  sub(/.*\//, "", path)
  return path
}

function strip(word) {
  sub(/^[(`]+/, "", word)
  sub(/[.,;:`]+$/, "", word)
  if (word !~ /\(\)$/)
    sub(/\)+$/, "", word)
  else
    sub(/\(\)\)+$/, "()", word)
  sub(/[.,;:`]+$/, "", word)
  return word
}

# The references in a text, as " name@file name@file".
function references(text, words, n, i, word, names, found) {
  n = split(text, words, /[ \t]+/)
  for (i = 1; i <= n; i++) {
    word = strip(words[i])
    if (word ~ /^[a-z_][A-Za-z0-9_]*\(\)$/)
      names = names " " substr(word, 1, length(word) - 2)
    else if (word == "in" && names != "" && strip(words[i + 1]) ~ /\.[ch]$/) {
      found = found spread(names, base(strip(words[i + 1])))
      names = ""
    } else if (word != "and" && word != "or" && word != "")
      names = ""
  }
  return found
}

function spread(names, file, each, n, i, found) {
  n = split(names, each, " ")
  for (i = 1; i <= n; i++)
    found = found " " each[i] "@" file
  return found
}

function refer(from, list, each, n, i) {
  n = split(list, each, " ")
  for (i = 1; i <= n; i++)
    referred[each[i]] = from
}

# Edge numbers.
function edges_in(text, from) {
  while (match(text, /(^|[^A-Za-z0-9_])E[0-9]+/)) {
    number = substr(text, RSTART, RLENGTH)
    sub(/.*E/, "", number)
    text = substr(text, RSTART + RLENGTH)
    if (text !~ /^[A-Za-z0-9_]/)
      edge_cited[number] = from
  }
}

# "PROTOCOL A4", "PROTOCOL A2, A3 and P7", "PROTOCOL W2 to W6", "PROTOCOL B".
function steps_in(text, from, owner, words, n, i, word, last, ranges, k) {
  n = split(text, words, /[ \t]+/)
  for (i = 1; i <= n; i++) {
    if (words[i] !~ /^\(?PROTOCOL$/)
      continue
    last = ""
    ranges = 0
    for (i++; i <= n; i++) {
      word = strip(words[i])
      if (word == "to")
        ranges = 1
      else if (word ~ /^[A-Z][0-9]*$/) {
        if (ranges)
          for (k = substr(last, 2) + 1; k < substr(word, 2) + 0; k++)
            cite_step(substr(word, 1, 1) k, from, owner)
        cite_step(word, from, owner)
        last = word
        ranges = 0
      } else if (word != "and")
        break
      if (words[i] ~ /[.:;)]$/)
        break
    }
  }
}

function cite_step(step, from, owner) {
  step_cited[step] = from
  if (owner != "")
    cites[owner, step] = 1
}

# One comment of a C file, in or above the function `owner` ("" for none), or of a model.
function comment(text, from, owner, parts, n, i, edge, list) {
  edges_in(text, from)
  steps_in(text, from, owner)
  refer(from, references(text))
  models_in(text, from)
  if (text ~ /(^|[^A-Za-z])protocol [A-Z]([^A-Za-z]|$)/ || text ~ /(^|[^A-Za-z])[Ss]teps? [0-9]/)
    complain(from ": a step is named without its protocol: " text)
  n = split(text, parts, "pairs with ")
  for (i = 2; i <= n; i++) {
    edge = parts[i - 1]
    if (!match(edge, /E[0-9]+, [a-z ]+: $/)) {
      complain(from ": \"pairs with\" without \"E<number>, <order>:\" before it: " text)
      continue
    }
    edge = substr(edge, RSTART + 1)
    sub(/,.*/, "", edge)
    list = parts[i]
    if (match(list, /(\. |;)/))
      list = substr(list, 1, RSTART)
    list = references(list)
    if (list == "")
      complain(from ": E" edge " pairs with nothing: " text)
    if (owner == "")
      complain(from ": E" edge " stands in no function: " text)
    else {
      notes++
      noted[edge, owner] = noted[edge, owner] list
      sites[edge] = sites[edge] " " owner
    }
  }
}

# Models, and mutants in brackets behind them, that a text names.
function models_in(text, from, list, model, each, n, i) {
  while (match(text, /[a-z_0-9]+\.pml(`? \([a-z_, ]+\))?/)) {
    list = substr(text, RSTART, RLENGTH)
    text = substr(text, RSTART + RLENGTH)
    model = list
    sub(/\.pml.*/, "", model)
    model_named[model] = from
    if (!sub(/.*\(/, "", list))
      continue
    sub(/\)$/, "", list)
    n = split(list, each, /, */)
    for (i = 1; i <= n; i++)
      mutant_named[model, each[i]] = from
  }
}

# Tests in backquotes: `unit/ring_wait`, `crash.killed_consumer`, `stress/processes/evict`.
function tests_in(text, from, name) {
  while (match(text, /`(unit|stress|crash|soak|fault|fuzz|access|model|registry)[.\/][a-z_.\/]+`/)) {
    name = substr(text, RSTART + 1, RLENGTH - 2)
    text = substr(text, RSTART + RLENGTH)
    test_named[name] = from
  }
}

function files_in(text, from, name) {
  while (match(text, /[a-z_0-9]+\.[ch]([^A-Za-z0-9]|$)/)) {
    name = substr(text, RSTART, RLENGTH)
    text = substr(text, RSTART + RLENGTH)
    sub(/[^A-Za-z0-9]$/, "", name)
    file_named[name] = from
  }
}

# --- C files ------------------------------------------------------------------------------

function flush_comments(owner, i) {
  for (i = 1; i <= pending; i++)
    comment(waiting[i], path, owner)
  pending = 0
}

function end_of_comment() {
  gsub(/[ \t]+/, " ", text_of)
  if (inside)
    comment(text_of, path, where)
  else
    waiting[++pending] = text_of
  text_of = ""
}

function name_of(declaration) {
  gsub(/__attribute__ *\(\([a-z_0-9]*(\([^()]*\))?\)\)/, "", declaration)
  if (declaration ~ /^(typedef|struct|union|enum) [^()]*\{/ || !match(declaration, /[A-Za-z_][A-Za-z0-9_]* *\(/))
    return ""
  declaration = substr(declaration, RSTART, RLENGTH)
  sub(/ *\($/, "", declaration)
  return declaration
}

function c_line(line, code, at) {
  code = ""
  while (line != "") {
    if (in_comment) {
      at = index(line, "*/")
      sub(/^[ \t]*\*( |$)/, "", line)
      at = index(line, "*/")
      if (!at) {
        text_of = text_of " " line
        line = ""
      } else {
        text_of = text_of " " substr(line, 1, at - 1)
        line = substr(line, at + 2)
        in_comment = 0
        end_of_comment()
      }
    } else {
      at = index(line, "/*")
      if (!at) {
        code = code line
        line = ""
      } else {
        code = code substr(line, 1, at - 1)
        line = substr(line, at + 2)
        in_comment = 1
      }
    }
  }
  if (inside) {
    if (code ~ /^}/)
      inside = 0
    return
  }
  if (in_macro || code ~ /^#/) {
    in_macro = code ~ /\\$/
    return
  }
  if ($0 == "") {
    flush_comments("")
    return
  }
  if (code ~ /^[ \t]*$/)
    return
  declared = declared " " code
  sub(/^ /, "", declared)
  if (code ~ /{[ \t]*$/) {
    where = name_of(declared)
    if (where != "" && declared !~ /=/) {
      where = where "@" base(path)
      defined[where] = path
      flush_comments(where)
    } else {
      where = ""
      flush_comments("")
    }
    inside = 1
    declared = ""
  } else if (code ~ /;[ \t]*$/) {
    flush_comments("")
    declared = ""
  }
}

# --- the ledger ---------------------------------------------------------------------------

function ordering_row(cells, number) {
  split($0, cells, / *\| */)
  number = cells[2]
  sub(/^E/, "", number)
  sub(/ .*/, "", number)
  if (number in edge)
    complain(path ": E" number " is there twice")
  edge[number] = ++edges
  if (number != edges)
    complain(path ": E" number " is not the next number")
  earlier[number] = references(cells[3])
  later[number] = references(cells[4])
  if (earlier[number] == "" || later[number] == "")
    complain(path ": E" number " has an end without a function")
}

function protocol_row(cells, number, letter) {
  split($0, cells, / *\| */)
  number = cells[2]
  letter = substr(number, 1, 1)
  if (number in step)
    complain(path ": " number " is there twice")
  step[number] = 1
  steps++
  if (substr(number, 2) != ++last_step[letter])
    complain(path ": " number " is not the next step")
  if (letter in built) {
    place[number] = references(cells[3])
    if (place[number] == "")
      complain(path ": " number " is in no function")
  }
}

function ledger_line(text, words, n, i, word) {
  text = $0
  edges_in(text, path)
  models_in(text, path)
  tests_in(text, path)
  files_in(text, path)
  if (text !~ /^ *\|/)
    paragraph = paragraph " " text
  else
    refer(path, references(text))
  if (text ~ /^\| E[0-9]+ /)
    ordering_row()
  if (text ~ /^\| [A-Z] \|/) {
    word = substr(text, 3, 1)
    section[word] = 1
    if (text ~ /\| built \|$/)
      built[word] = 1
  }
  if (text ~ /^\| [A-Z][0-9]+ \|/)
    protocol_row()
  if (base(path) != "PROTOCOL.md")
    return
  n = split(text, words, /[ \t]+/)
  for (i = 1; i <= n; i++) {
    word = strip(words[i])
    if (word ~ /^[A-Z][0-9]+$/ && word !~ /^E/)
      step_cited[word] = path
  }
}

function end_of_file() {
  if (path ~ /\.md$/)
    refer(path, references(paragraph))
  if (path ~ /\.md$/)
    steps_in(paragraph, path, "")
  paragraph = ""
  flush_comments("")
}

FNR == 1 {
  end_of_file()
  path = FILENAME
  in_comment = inside = in_macro = pending = 0
  declared = text_of = ""
  files[base(path)] = path
  is_product = path ~ /^(shm|src)\// && path ~ /\.[ch]$/
  if (path ~ /\.pml$/)
    model[base(path)] = 1
}
is_product { c_line($0); next }
path ~ /\.pml$/ {
  if (/^ \* mutant [a-z_]+: /)
    mutant[base(path), substr($3, 1, length($3) - 1)] = 1
  else if (/^#.*(if|defined|elif)/) {
    line = $0
    gsub(/[^A-Za-z0-9_]+/, " ", line)
    n = split(line, words, " ")
    for (i = 1; i <= n; i++)
      switched[base(path), words[i]] = 1
  }
  if (!header_over[path]) {
    line = $0
    sub(/^ \* ?/, "", line)
    header[path] = header[path] " " line
    header_over[path] = /\*\//
    if (header_over[path])
      comment(header[path], path, "")
  } else {
    edges_in($0, path)
    steps_in($0, path, "")
  }
  next
}
path ~ /(ORDERING|PROTOCOL)\.md$/ { ledger_line(); next }
path ~ /\.(md|c|h)$/ { edges_in($0, path); next }
path ~ /names$/ { test_known[$0] = 1 }

END {
  end_of_file()
  for (r in referred)
    if (!(r in defined)) {
      split(r, both, "@")
      complain(referred[r] ": there is no " both[1] "() in " both[2])
    }
  for (f in file_named)
    if (!(f in files))
      complain(file_named[f] ": there is no file " f)
  for (m in model_named)
    if (!((m ".pml") in model))
      complain(model_named[m] ": there is no model " m ".pml")
  for (m in mutant_named) {
    split(m, both, SUBSEP)
    if (!((both[1] ".pml", both[2]) in mutant) || !((both[1] ".pml", both[2]) in switched))
      complain(mutant_named[m] ": " both[1] ".pml has no mutant " both[2])
    mutants++
  }
  for (m in mutant)
    if (!(m in switched)) {
      split(m, both, SUBSEP)
      complain(both[1] ": the mutant " both[2] " is listed, and changes nothing")
    }
  for (t in test_named) {
    n = split(t, parts, /[.\/]/)
    for (i = 2; i <= n; i++)
      if (!(parts[i] in test_known))
        complain(test_named[t] ": there is no test " t)
  }
  for (e in edge_cited)
    if (!(e in edge))
      complain(edge_cited[e] ": there is no edge E" e)
  for (s in step_cited)
    if (!(s in step) && !(s in section))
      complain(step_cited[s] ": there is no step " s)
  for (e in edge) {
    check_ends(e, earlier[e], later[e])
    check_ends(e, later[e], earlier[e])
    n = split(sites[e], each, " ")
    for (i = 1; i <= n; i++)
      if (index(earlier[e] later[e] " ", " " each[i] " ") == 0)
        complain(defined[each[i]] ": E" e " stands in " each[i] ", which ORDERING.md does not name")
  }
  for (e in sites)
    if (!(e in edge))
      complain("there is no edge E" e " as in" sites[e])
  for (s in place) {
    n = split(place[s], each, " ")
    for (i = 1; i <= n; i++)
      if (!((each[i], s) in cites))
        complain("PROTOCOL.md: " each[i] " does not say that it is PROTOCOL " s)
  }
  if (edges < 1 || notes < 2 * edges || steps < 1 || mutants < 1)
    complain("the ledger was not read: " edges " edges, " notes " ends, " steps " steps")
  if (!bad)
    print edges " edges with " notes " ends in the code, " steps " steps, " mutants " mutants: all there"
  exit bad != 0
}

# Each end in `ends` says its number, and names partners among `others`, which name it.
function check_ends(e, ends, others, each, n, i, partners, m, k) {
  n = split(ends, each, " ")
  for (i = 1; i <= n; i++) {
    if (!((e, each[i]) in noted)) {
      complain("ORDERING.md: " each[i] " does not say E" e ", <order>: pairs with ...")
      continue
    }
    m = split(noted[e, each[i]], partners, " ")
    for (k = 1; k <= m; k++) {
      if (index(others " ", " " partners[k] " ") == 0)
        complain(defined[each[i]] ": E" e " of " each[i] " pairs with " partners[k] ", which ORDERING.md does not have at the other end")
      else if (index(noted[e, partners[k]] " ", " " each[i] " ") == 0)
        complain(defined[each[i]] ": E" e " of " each[i] " pairs with " partners[k] ", which does not name it")
    }
  }
}
