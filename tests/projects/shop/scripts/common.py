DELIMITER = ";"


def unused():
    return 1
