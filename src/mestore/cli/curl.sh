curl() { python3 -c '
import sys, urllib.error, urllib.request
words, headers, method, data, url = sys.argv[1:], {}, None, None, ""
while words:
    word = words.pop(0)
    if word == "-H": name, _, value = words.pop(0).partition(": "); headers[name] = value
    elif word == "-d": data = words.pop(0).encode()
    elif word == "-X": method = words.pop(0)
    elif not word.startswith("-"): url = word
request = urllib.request.Request(url, data, headers, method=method)
try: answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as error: answer = error
sys.stdout.write(answer.read().decode())
' "$@"; }
