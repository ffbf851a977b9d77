#!/bin/sh
# An OTP by Cashfree PPI: send it, wait for the code, verify it, be refused with a 429, start afresh.
# Needs curl, and a running mocksrv.
set -eu

server=${MOCKSRV_URL:-http://127.0.0.1:8765}

# A sandbox has ids, codes, failures and a clock of its own. It exists from its first use: any name will do.
name=shell-$$
sandbox=$server/@$name        # in your script: the vendor's base URL
admin=$sandbox/__admin        # for tests only: what the vendor would never tell
trap 'curl -sS -o /dev/null -X DELETE "$server/__admin/sandboxes/$name"' EXIT

# cashfree PATH BODY [OPTION...]: the answer's body, or what further options of curl make of it
cashfree() {
    path=$1 body=$2
    shift 2
    curl -sS "$sandbox$path" -H 'Content-Type: application/json' -d "$body" \
        -H 'x-client-id: TEST_CLIENT_ID' -H 'x-client-secret: TEST_CLIENT_SECRET' "$@"
}

# expect TEXT ANSWER
expect() {
    case $2 in
        *"$1"*) echo "ok    $1" ;;
        *) echo "FAIL  expected $1, got: $2" >&2; exit 1 ;;
    esac
}

order='{"otp_verification_id": "order-1", "user_id": "USER827364", "notification_modes": ["SMS"]}'

# Send it. Cashfree knows this user's phone: +91 98765 43210.
expect OTP_GENERATED "$(cashfree /ppi/otp/generate "$order")"

# Wait for the code: at once when it is there, else the moment it is sent. Empty when none came in time.
code=$(curl -sS -G "$admin/otps/wait" -H 'Accept: text/plain' --data-urlencode 'to=+91 98765 43210' -d timeout=5s)
echo "code  $code"

# Verify it.
expect VERIFIED "$(cashfree /ppi/otp/submit '{"otp_verification_id": "order-1", "otp": "'"$code"'"}')"

# Ask for a 429, in the very call that is to get it.
expect 429 "$(cashfree /ppi/otp/generate "$order" -H 'Prefer: code=429' -o /dev/null -w '%{http_code}')"

# An id is taken once; a reset forgets everything.
expect otp_verification_id_already_exists "$(cashfree /ppi/otp/generate "$order")"
curl -sS -o /dev/null -X POST "$admin/reset"
expect OTP_GENERATED "$(cashfree /ppi/otp/generate "$order")"
