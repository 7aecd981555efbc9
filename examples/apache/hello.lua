-- An application that says who calls.

function handle(r)
    local function header(name)
        return r.headers_in[name] or ""
    end
    r.content_type = "text/plain"
    r:puts(string.format("hello, %s, from client %s with scope %q\n",
        header("X-Auth-Subject"), header("X-Auth-Client"), header("X-Auth-Scope")))
    return apache2.OK
end
