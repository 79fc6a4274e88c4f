#!/usr/bin/env bash
# provenance.sh PROV FILE...: states how the files of a release were made, signs that once with PROV, stores it in every backend of PROV_STORAGE
# and verifies it from each of them alone. Writes provenance.json and prov.pub beside the first file.
# Reads GITHUB_* of the workflow, PROV_SIGNING_KEY with PROV_PASSWORD, PROV_PUBLIC_KEY, and the PROV_STORAGE_* that say where the backends are.
set -euo pipefail

prov=$1
shift
folder=$(dirname "$1")
predicate=$folder/provenance.json
type=https://slsa.dev/provenance/v1

# Values reach the JSON as data, never as text of a script.
# shellcheck disable=SC2016
node -e '
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_REF, GITHUB_SHA, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT } = process.env
  const repository = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`
  console.log(JSON.stringify({
    buildDefinition: {
      buildType: `${repository}/.github/workflows/release.yml`,
      externalParameters: { repository, ref: GITHUB_REF },
      resolvedDependencies: [{ uri: `git+${repository}@${GITHUB_REF}`, digest: { gitCommit: GITHUB_SHA } }],
    },
    runDetails: {
      builder: { id: `${repository}/.github/workflows/release.yml@${GITHUB_REF}` },
      metadata: { invocationId: `${repository}/actions/runs/${GITHUB_RUN_ID}/attempts/${GITHUB_RUN_ATTEMPT}` },
    },
  }))' >"$predicate"

about=(--predicate "$predicate" --type "$type")
for file in "$@"; do
  read -r digest _ < <(sha256sum "$file")
  about+=(--subject "$(basename "$file")=sha256:$digest")
done

"$prov" store --storage "$PROV_STORAGE" --key env://PROV_SIGNING_KEY "${about[@]}"
IFS=, read -r -a backends <<<"$PROV_STORAGE"
for backend in "${backends[@]}"; do
  PROV_STORAGE=$backend "$prov" verify --storage "$backend" --key env://PROV_PUBLIC_KEY "${about[@]}"
done
"$prov" verify --storage "$PROV_STORAGE" --require "${#backends[@]}" --key env://PROV_PUBLIC_KEY "${about[@]}"
printf '%s\n' "$PROV_PUBLIC_KEY" >"$folder/prov.pub"
