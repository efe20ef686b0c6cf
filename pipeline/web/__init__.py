"""The web side of the pipeline: what is shown in a browser. Nothing else here is asynchronous.

app = preview.application(site=Path("output"), site_url="https://belonging.example.org", mailbox=Path("var/mailbox"))
serving.serve(app, port=8000, ready=lambda port: print(f"http://127.0.0.1:{port}/"))
"""
