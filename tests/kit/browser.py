#!/usr/bin/python3
"""browser.py SESSION VERB [ARGUMENT...]: drives a real browser through its WebDriver (W3C WebDriver, the part we need).

SESSION is the address of a session, http://127.0.0.1:PORT/session/ID; `start DRIVER JSON` in place of a session and a
verb prints one. Verbs: open URL, tab (which is shown), tab new,
tab TAB (goes there), fill SELECTOR TEXT, click SELECTOR, text (of the page), url,
wait PATTERN (until the address matches), quit. What is looked for is waited for, 20 seconds at most."""
import json
import re
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 20
ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'


def call(method, address, value=None):
    body = None if method == 'GET' else json.dumps(value or {}).encode()
    request = urllib.request.Request(address, body, {'Content-Type': 'application/json'}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as reply:
            return json.load(reply)['value']
    except urllib.error.HTTPError as error:
        raise LookupError(json.load(error)['value']['message'].splitlines()[0]) from None


def patient(ask):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            found = ask()
            if found:
                return found
        except LookupError:
            if time.monotonic() > end:
                raise
        if time.monotonic() > end:
            raise LookupError('not found in time')
        time.sleep(0.1)


def element(session, selector):
    found = patient(lambda: call('POST', session + '/element', {'using': 'css selector', 'value': selector}))
    return session + '/element/' + found[ELEMENT]


def main(session, verb, *words):
    if session == 'start':
        value = call('POST', verb + '/session', json.loads(words[0]))
        print(verb + '/session/' + value['sessionId'])
    elif verb == 'open':
        call('POST', session + '/url', {'url': words[0]})
    elif verb == 'tab':
        if words == ('new',):
            words = (call('POST', session + '/window/new', {'type': 'tab'})['handle'],)
        if words:
            call('POST', session + '/window', {'handle': words[0]})
        print(call('GET', session + '/window'))
    elif verb == 'fill':
        field = element(session, words[0])
        call('POST', field + '/clear')
        call('POST', field + '/value', {'text': words[1]})
    elif verb == 'click':
        call('POST', element(session, words[0]) + '/click')
    elif verb == 'text':
        print(call('GET', element(session, 'body') + '/text'))
    elif verb == 'url':
        print(call('GET', session + '/url'))
    elif verb == 'wait':
        print(patient(lambda: [url for url in [call('GET', session + '/url')] if re.search(words[0], url)])[0])
    elif verb == 'quit':
        call('DELETE', session)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
