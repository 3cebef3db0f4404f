"""Sends the requests of tests/corpus/provisioning.jsonl to a SCIM server and compares the answers.

    provisioning.py URL

Each line has a `source`, `method`, `path`, `body`, the permitted `status`, and JSON pointers with their values: in the answer
(`expect`) and in a GET of the same resource afterwards (`get`). `null` means absent. `save` keeps the `id` of the answer under a
name, which later lines use in braces.
"""
import json, os, sys, urllib.error, urllib.request

CORPUS = os.path.join(os.path.dirname(__file__), "../corpus/provisioning.jsonl")


def send(url, method, body):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/scim+json", "Accept": "application/scim+json"}, method=method)
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    text = answer.read()
    return answer.status, json.loads(text) if text else None


def member(value, pointer):
    for name in pointer.split("/")[1:]:
        if isinstance(value, list): value = value[int(name)] if int(name) < len(value) else None
        else: value = (value or {}).get(name)
    return value


def main(url):
    ids, failed, count = {}, 0, 0
    with open(CORPUS) as lines:
        for line in lines:
            for name, id in ids.items(): line = line.replace("{%s}" % name, id)
            case = json.loads(line)
            count += 1
            status, answer = send(url + case["path"], case["method"], case.get("body"))
            wrong = [] if status in case["status"] else [f"status {status}"]
            checks = [(answer, case.get("expect", {}))]
            if "get" in case: checks.append((send(url + case["path"], "GET", None)[1], case["get"]))
            for found, expected in checks:
                wrong += [f"{at}: {member(found, at)!r}" for at, value in expected.items() if member(found, at) != value]
            if "save" in case: ids[case["save"]] = (answer or {}).get("id", "")
            if wrong:
                failed += 1
                print(f"{case['source']}: {'; '.join(wrong)}\n  {json.dumps(answer)}")
    print(f"{count - failed} of {count} provisioning requests answered as expected")
    return bool(failed) or not count


sys.exit(main(sys.argv[1]))
