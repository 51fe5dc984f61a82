#!/usr/bin/env bash
# Makes what the wall needs: a collection and a bucket with their rules. It may run again at any time.
#   ROOST_ADMIN_EMAIL=… ROOST_ADMIN_PASSWORD=… examples/wall/setup.sh [http://127.0.0.1:8090]
set -euo pipefail
server=${1:-http://127.0.0.1:8090}
: "${ROOST_ADMIN_EMAIL:?set it to the email of an admin}" "${ROOST_ADMIN_PASSWORD:?set it to the password}"

# Sends a body from stdin; an error ends the script with the server's own words.
send() {
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --fail-with-body --request "$method" "$server$path" --header 'Content-Type: application/json' "$@" --data-binary @-
}

token=$(python3 -c 'import json, os; print(json.dumps({"email": os.environ["ROOST_ADMIN_EMAIL"], "password": os.environ["ROOST_ADMIN_PASSWORD"]}))' |
  send POST /v1/admin/login) || { echo "$token" >&2; exit 1; }
token=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])' <<<"$token")
# The token does not become an argument: others on this machine could read it there.
send_as_admin() { send "$@" --header @<(echo "Authorization: Bearer $token"); }

# Everybody reads; who signed in writes, in their own name; each their own.
send_as_admin PUT /v1/collections/posts <<'JSON'
{
  "rules": {
    "read": "true",
    "create": "auth != null && incoming.author == auth.id && size(incoming.text) <= 500 && size(incoming.name) <= 50",
    "update": "author == auth.id && incoming.author == author && size(incoming.text) <= 500 && size(incoming.name) <= 50",
    "delete": "author == auth.id"
  }
}
JSON
echo

# Pictures lie below their owner's id, so that nobody replaces another's.
send_as_admin PUT /v1/buckets/pictures <<'JSON'
{
  "public": true,
  "types": ["image/png", "image/jpeg", "image/webp", "image/gif"],
  "maxSize": "5MB",
  "cacheControl": "public, max-age=86400, immutable",
  "rules": { "write": "auth != null && path.startsWith(auth.id + \"/\")", "delete": "owner == auth.id" }
}
JSON
echo
echo "The wall is ready. Serve the page from anywhere, for example:" >&2
echo "  python3 -m http.server 8000 --directory $(dirname "$0")     and open http://127.0.0.1:8000/?server=$server" >&2
