#!/usr/bin/env bash
# Installs the ftdsl of this checkout of the action, so that its ref is the version, under the pinned
# constraints, in an environment of its own: the project's packages stay as they are.
set -euo pipefail

environment="$RUNNER_TEMP/ftdsl-environment"
if ! [[ "$EXTRAS" =~ ^[a-z,]*$ ]]; then
  echo "::error title=ftdsl::extras are names with commas between them"
  exit 2
fi
python -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
  --constraint "$SOURCE/constraints.txt" "$SOURCE${EXTRAS:+[$EXTRAS]}"
