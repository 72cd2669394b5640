#!/usr/bin/env bash
# Judges the proposals that the inputs of the action name, writes all reports, and says in the outputs of the step what
# came of it. Ends with 0 whatever the verdict: the last step of the action decides what fails the job.
set -euo pipefail
shopt -s nullglob globstar

fail() {
  echo "::error title=readygate::$1"
  echo "exit-code=3" >>"$GITHUB_OUTPUT"
  echo "verdict=NO_VERDICT" >>"$GITHUB_OUTPUT"
  exit 0
}

# Patterns, one a line, become paths; a line that matches nothing stays, so that it is reported and not passed over.
expand() {
  local line IFS=
  paths=()
  while read -r line || [ -n "$line" ]; do
    line="${line%$'\r'}"
    [ -n "${line// /}" ] || continue
    # shellcheck disable=SC2206 # a pattern is meant to become paths; without IFS a blank parts nothing
    local found=($line)
    if [ ${#found[@]} -eq 0 ]; then found=("$line"); fi
    paths+=("${found[@]}")
  done <<<"$1"
}

expand "$INPUT_FILES"
[ ${#paths[@]} -gt 0 ] || fail "files names no proposal"
files=("${paths[@]}")
options=()
expand "$INPUT_EVIDENCE"
for file in "${paths[@]}"; do options+=("--evidence=$file"); done
expand "$INPUT_FOUNDATIONS"
for place in "${paths[@]}"; do options+=("--foundations=$place"); done
[ -z "$INPUT_GATE" ] || options+=("--gate=$INPUT_GATE")
[ -z "$INPUT_RULESET" ] || options+=("--ruleset=$INPUT_RULESET")
[ -z "$INPUT_RULES" ] || options+=("--rules=$INPUT_RULES")
[ -z "$INPUT_AS_OF" ] || options+=("--as-of=$INPUT_AS_OF")

reports="${INPUT_REPORTS:-${RUNNER_TEMP:?}/readygate-reports}"
case "$reports$INPUT_SARIF_FILE" in *$'\n'*) fail "a path has one line" ;; esac
sarif="${INPUT_SARIF_FILE:-$reports/readygate.sarif}"
written=("json=$reports/readygate.json" "sarif=$sarif" "junit=$reports/readygate-junit.xml" "markdown=$reports/readygate.md")
mkdir -p -- "$reports" "$(dirname -- "$sarif")" || fail "there is no place for the reports"
# What an earlier use of the action has left is not taken for what this one says.
for each in "${written[@]}"; do rm -f -- "${each#*=}" || fail "an earlier report can not be replaced"; done
code=0
"$READYGATE" check "${options[@]}" --marker="$INPUT_COMMENT_ID" \
  --format=github "${written[@]/#/--format=}" -- "${files[@]}" || code=$?

# The worst verdict of all files; whatever was not judged counts as none.
verdict=NO_VERDICT
if [ "$code" -lt 3 ]; then
  for each in GO GO_WITH_CONDITIONS UNDETERMINED NO_GO; do
    if grep -qF "<property name=\"verdict\" value=\"$each\" />" "$reports/readygate-junit.xml"; then verdict="$each"; fi
  done
fi
{
  echo "exit-code=$code"
  echo "verdict=$verdict"
  for each in "${written[@]}"; do
    if [ -f "${each#*=}" ]; then echo "$each"; fi
  done
} >>"$GITHUB_OUTPUT"
