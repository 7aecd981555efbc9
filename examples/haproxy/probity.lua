-- The action `lua.probity`: asks Probity's guard about a request, and lets it go on or answers it.

local guard = "http://127.0.0.1:9080/verify"
local patience = 5000 -- milliseconds

local identity = {
    "X-Auth-Subject", "X-Auth-Client", "X-Auth-Scope", "X-Auth-Session", "X-Auth-Issuer", "X-Auth-Token-Id",
}

-- These belong to the connection or the body, which the question does not have.
local left_out = {
    ["host"] = true, ["connection"] = true, ["keep-alive"] = true, ["content-length"] = true, ["expect"] = true,
    ["transfer-encoding"] = true, ["te"] = true, ["trailer"] = true, ["upgrade"] = true, ["proxy-connection"] = true,
}

local function refuse(txn, status, headers)
    local reply = txn:reply({ status = status })
    for name, value in pairs(headers) do
        reply:add_header(name, value)
    end
    reply:add_header("Content-Type", "application/json")
    reply:set_body('{"error":"' .. (status == 503 and "temporarily_unavailable" or "unauthorized") .. '"}\n')
    txn:done(reply)
end

core.register_action("probity", { "http-req" }, function(txn)
    local question = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not left_out[name] then
            local list = {}
            for at = 0, #values do
                list[at + 1] = values[at]
            end
            question[name] = list
        end
    end
    -- In place of the client's own of these names.
    question["x-original-method"] = { txn.f:method() }
    question["x-original-uri"] = { txn.f:pathq() }

    local answer = core.httpclient():get({ url = guard, headers = question, timeout = patience })
    local function header(name)
        local values = answer.headers and answer.headers[name]
        return values and values[0]
    end
    if answer.status == 200 then
        -- All six, an absent one as the empty text, so that none of the client's own is left.
        for _, name in ipairs(identity) do
            txn.http:req_set_header(name, header(name:lower()) or "")
        end
    elseif answer.status == 401 or answer.status == 403 then
        refuse(txn, answer.status, { ["WWW-Authenticate"] = header("www-authenticate") })
    else
        -- The guard can't know at this moment, or does not answer: clients should try again.
        refuse(txn, 503, { ["Retry-After"] = header("retry-after") or "1" })
    end
end)
