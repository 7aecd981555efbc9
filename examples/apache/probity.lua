-- Asks Probity's guard about a request, and lets it go on or refuses it. Needs lua-socket.

local http = require "socket.http"
local socket = require "socket"

local guard = "http://127.0.0.1:9080/verify"
local patience = 5 -- seconds

local identity = {
    "X-Auth-Subject", "X-Auth-Client", "X-Auth-Scope", "X-Auth-Session", "X-Auth-Issuer", "X-Auth-Token-Id",
}

-- These belong to the connection or the body, which the question does not have.
local left_out = {
    ["host"] = true, ["connection"] = true, ["keep-alive"] = true, ["content-length"] = true, ["expect"] = true,
    ["transfer-encoding"] = true, ["te"] = true, ["trailer"] = true, ["upgrade"] = true, ["proxy-connection"] = true,
}

local function impatient()
    local connection = socket.tcp()
    connection:settimeout(patience)
    return connection
end

function check(r)
    -- Whoever forwards a request drops the headers that Connection names (RFC 9110 section 7.6.1). Who calls is not to be
    -- among them.
    local dropped = (r.headers_in["Connection"] or ""):lower()
    if dropped:find("x-auth", 1, true) then
        return 403
    end

    local question = {}
    for name, value in pairs(r:headers_in_table()) do
        if not left_out[name:lower()] then
            question[name:lower()] = value
        end
    end
    -- In place of the client's own of these names.
    question["x-original-method"] = r.method
    question["x-original-uri"] = r.unparsed_uri

    local sent, status, headers = http.request({ url = guard, headers = question, redirect = false, create = impatient })
    if sent and status == 200 then
        -- All six, an absent one as the empty text, so that none of the client's own is left.
        for _, name in ipairs(identity) do
            r.headers_in[name] = headers[name:lower()] or ""
        end
        return apache2.OK
    end
    if sent and (status == 401 or status == 403) then
        if headers["www-authenticate"] then
            r.err_headers_out["WWW-Authenticate"] = headers["www-authenticate"]
        end
        return status
    end
    -- The guard can't know at this moment, or does not answer: clients should try again.
    r.err_headers_out["Retry-After"] = sent and headers["retry-after"] or "1"
    return 503
end
