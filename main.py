"""Here because `gcloud functions deploy` takes no source without a main.py, whatever GOOGLE_FUNCTION_SOURCE names.

It is not uploaded. What runs is functions/<name>/main.py.
"""
