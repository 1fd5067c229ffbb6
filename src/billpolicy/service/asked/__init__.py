"""What was asked, by whom and under which policy?"""
