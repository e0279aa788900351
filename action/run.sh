#!/usr/bin/env bash
# One command of ftdsl with every report, the job summary, and the outputs of the step.
# Inputs come as variables and are never pasted into a script, so that none of them is run.
set -euo pipefail

ftdsl="${FTDSL:-$RUNNER_TEMP/ftdsl-environment/bin/ftdsl}"
reports="$RUNNER_TEMP/ftdsl-reports"
mkdir -p "$reports"

case "$COMMAND" in
  check) arguments=() ;;
  validate | run) arguments=(--output "html=$reports/report.html") ;;
  *)
    echo "::error title=ftdsl::the command is check, validate or run"
    exit 2
    ;;
esac

# An argument with its value is one line: `--allow-host=HOST`.
while IFS= read -r each; do
  if [[ "$FOREIGN" == true && "$each" == --allow-[he]* ]]; then
    echo "::notice title=ftdsl::a pull request of another repository: ${each%%=*} was left out"
  elif [[ -n "$each" ]]; then
    arguments+=("$each")
  fi
done <<<"$ARGUMENTS"

if [[ "$FOREIGN" == true ]]; then
  unset FTDSL_ALLOW_HOST
  [[ "$COMMAND" == check ]] || arguments+=(--offline)
fi

specs=()
while IFS= read -r each; do
  [[ -z "$each" ]] || specs+=("$each")
done <<<"$SPECS"

code=0
"$ftdsl" "$COMMAND" "${arguments[@]}" \
  --output github \
  --output "full=$reports/log.txt" \
  --output "markdown=$reports/summary.md" \
  --output "json=$reports/report.json" \
  --output "junit=$reports/junit.xml" \
  --output "sarif=$reports/ftdsl.sarif" \
  -- "${specs[@]}" || code=$?

if [[ -s "$reports/log.txt" ]]; then
  # Nothing of the log is a command to the runner, whatever the data says.
  resume="resume-$RANDOM$RANDOM$RANDOM"
  echo "::stop-commands::$resume"
  cat "$reports/log.txt"
  echo "::$resume::"
fi

verdict=error
if [[ -s "$reports/report.json" ]]; then
  verdict=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["verdict"])' "$reports/report.json")
fi
{
  echo "exit-code=$code"
  echo "verdict=$verdict"
  echo "reports=$reports"
  [[ ! -s "$reports/ftdsl.sarif" ]] || echo "sarif=$reports/ftdsl.sarif"
  [[ ! -s "$reports/summary.md" ]] || echo "summary=$reports/summary.md"
} >>"$GITHUB_OUTPUT"
[[ ! -s "$reports/summary.md" ]] || cat "$reports/summary.md" >>"$GITHUB_STEP_SUMMARY"
exit "$code"
