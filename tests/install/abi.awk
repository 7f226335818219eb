# SPDX-License-Identifier: MIT
# abi.awk - compares two lists of layout.awk, the released one first, and prints what a program that
# was compiled with the released one would find removed or changed. What is new is fine, and so is
# what lies where reserved fields were. A struct whose first field is its size may grow; with
# strict=1 none may.

function differs(text) {
  print text
  bad = 1
}

{ sub(/#.*/, "") }

/^struct / {
  within = $2
  if (FNR == NR) old_size[within] = $3; else new_size[within] = $3
  next
}

/^  / {
  field = within " " $1
  if (FNR == NR) old_field[field] = $2 " " $3; else new_field[field] = $2 " " $3
  next
}

NF == 2 { if (FNR == NR) old_constant[$1] = $2; else new_constant[$1] = $2 }

END {
  for (name in old_constant)
    if (!(name in new_constant))
      differs(name " is gone")
    else if (new_constant[name] != old_constant[name])
      differs(name " is " new_constant[name] ", was " old_constant[name])
  for (name in old_size) {
    grows = !strict && (name " size") in old_field && old_field[name " size"] ~ /^0 /
    if (!(name in new_size))
      differs("struct " name " is gone")
    else if (new_size[name] + 0 < old_size[name] + 0 || (new_size[name] != old_size[name] && !grows))
      differs("struct " name " has " new_size[name] " bytes, had " old_size[name])
  }
  for (field in old_field) {
    split(field, names, " ")
    if (!(names[1] in new_size) || names[2] ~ /^reserved/)
      continue
    if (!(field in new_field))
      differs("struct " names[1] ": " names[2] " is gone")
    else if (new_field[field] != old_field[field]) {
      split(old_field[field] " " new_field[field], at, " ")
      differs("struct " names[1] ": " names[2] " is at " at[3] " with " at[4] " bytes, was at " \
        at[1] " with " at[2])
    }
  }
  exit bad + 0
}
