# Logs in as a browser does, with curl: authorization code with PKCE, through the login page.
set -eu
cd "$folder"
rm -f cookies
ask() { curl --silent --show-error --cacert ca.pem --cookie cookies --cookie-jar cookies "$@"; }
leads_to() { ask --output /dev/null --write-out '%{redirect_url}' "$@"; }

# The login page, and what is hidden in its form.
ask "$issuer/authorize?$request" |
    sed -n 's/.*<input type="hidden" name="\([^"]*\)" value="\([^"]*\)".*/data-urlencode = "\1=\2"/p' |
    sed 's/&#38;/\&/g' > hidden

# The form is sent; the answer leads back to where the login was asked for, and from there to the application.
again=$(leads_to --config hidden --data-urlencode "username=$username" \
    --data-urlencode "password@$username.password" --header "Origin: $issuer" "$issuer/login")
back=$(leads_to "$again")
code=$(printf '%s' "$back" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')

# The code is exchanged for tokens.
ask --include --data grant_type=authorization_code --data "client_id=$client_id" --data "code=$code" \
    --data-urlencode "redirect_uri=$redirect_uri" --data "code_verifier=$verifier" "$issuer/token"
echo
