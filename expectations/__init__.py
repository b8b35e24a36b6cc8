"""The gates of the night: what must be true of what arrives (raw) and of what leaves (marts, scores, lists).

dbt tests guard what we compute; no rule stands in both. `gate.check` is the way in.
"""
