"""Operations: what the people who keep the nights running are told, on a page, in the terminal and by alerts."""
