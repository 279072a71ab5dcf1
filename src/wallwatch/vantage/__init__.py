"""What a probe and a control vantage share: their settings, one look at a service, handing measurements in.

A room of its own because probe and control may not import each other. No trials here and no opinion.
"""
