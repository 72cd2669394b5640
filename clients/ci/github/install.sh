#!/usr/bin/env bash
# Installs readygate for the action, in an environment of its own: INPUT_VERSION from the package index, else what stands
# at ACTION_PATH with the versions that it was tested with. Says the path of the command in the outputs of the step.
set -euo pipefail

if [ "$INPUT_VERSION" = installed ]; then
  command="$(command -v readygate)" || { echo "::error title=readygate::the runner has no readygate"; exit 4; }
else
  venv="${RUNNER_TEMP:?}/readygate"
  python3 -I -m venv "$venv" # -I: what the checkout calls venv.py is not run
  if [ -n "$INPUT_VERSION" ]; then
    [[ "$INPUT_VERSION" =~ ^[0-9][0-9a-z.+-]*$ ]] || { echo "::error title=readygate::version is no version"; exit 3; }
    "$venv/bin/pip" install --quiet --disable-pip-version-check "readygate[server]==$INPUT_VERSION"
  else
    "$venv/bin/pip" install --quiet --disable-pip-version-check -c "$ACTION_PATH/constraints.txt" "${ACTION_PATH}[server]"
  fi
  command="$venv/bin/readygate"
fi
echo "command=$command" >>"$GITHUB_OUTPUT"
"$command" --version
